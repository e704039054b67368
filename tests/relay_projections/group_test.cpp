// Projections shared by the members of a consumer group: each event counts once.

#include <array>
#include <atomic>
#include <stdexcept>

#include <annals/projections/rebuild.hpp>
#include <annals/queries/query_bus.hpp>

#include "group_member.hpp"
#include "kafka/topic.hpp"
#include "per_stream.hpp"
#include "published.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

class Group : public PublishedWarehouse, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    PublishedWarehouse::SetUp();
    relay_options().partitions = 3;
  }
  std::unique_ptr<KafkaSource> member() const { return PublishedWarehouse::member(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Strategies, Group, testing::Values("range", "cooperative-sticky"),
                         [](const auto& info) {
                           return std::string(info.param) == "range" ? "eager" : "cooperative";
                         });

using Worker = GroupMember<PerStream>;

void wait_for(const ReadModelStore& rows, GlobalPosition position) {
  const auto record =
      rows.wait("per_stream", position, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(record) << to_string(record.error());
  ASSERT_TRUE(*record);
  EXPECT_GE((*record)->position(), position) << (*record)->failure;
}

TEST_P(Group, OfOneMakesTheRowsOfTheLogAndGoesOnWhereItStopped) {
  const auto rows = open_rows();
  std::uint64_t records = 0;
  for (std::uint64_t events = 500; events <= 1'500; events += 500) {
    const GlobalPosition head = grow(events);
    publish();
    Worker worker(member(), *rows);
    wait_for(*rows, head);
    worker.runner.stop();
    expect_counts_of(store(), *rows);
    records += worker.source->status().records;
    EXPECT_EQ(worker.runner.status("per_stream")->fenced, 0U);
  }
  // Each event once, and watermarks: nobody began at the topic's beginning again.
  EXPECT_LT(records, 2'000U);
}

TEST_P(Group, OfSeveralSharesThePartitionsAsMembersComeAndGoUnderWork) {
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  const auto rows = open_rows();
  grow(300);
  auto one = std::make_unique<Worker>(member(), *rows);
  wait_for(*rows, store().head().position);
  EXPECT_EQ(one->held(), 3);
  const auto work_until = [&](const auto& reached) {
    const auto longest = std::chrono::steady_clock::now() + patience;
    while (!reached()) {
      ASSERT_LT(std::chrono::steady_clock::now(), longest);
      grow(store().head().position.value + 20);
      std::this_thread::sleep_for(milliseconds(5));
    }
  };
  Worker two(member(), *rows);
  work_until([&] { return one->held() > 0 && two.held() > 0 && one->held() + two.held() == 3; });
  wait_for(*rows, store().head().position);
  expect_counts_of(store(), *rows);
  one->runner.stop();
  work_until([&] { return two.held() == 3; });
  one = std::make_unique<Worker>(member(), *rows);
  work_until([&] { return one->held() > 0 && one->held() + two.held() == 3; });
  wait_for(*rows, store().head().position);
  expect_counts_of(store(), *rows);
  EXPECT_EQ(one->runner.status("per_stream")->fenced + two.runner.status("per_stream")->fenced, 0U)
      << "whoever is asked to give back does so before another claims";
  EXPECT_GT(two.source->status().given_back, 0U) << "to the one that came back";
  one->runner.stop();
  two.runner.stop();
  ASSERT_TRUE(relay.stop());
}

/// As StreamCount, but it fails now and then before it succeeds.
struct FlakyCount {
  std::string stream;
  std::int64_t events = 0;
  std::int64_t last_version = -1;
  ANNALS_ROW(FlakyCount, "flaky_counts", (stream), events, last_version);

  using Events = annals::Events<GoodsArrived, GoodsMoved, ShelfCleared, GoodsCursed>;
  static std::string keys(const auto&, const EventInfo& info) { return std::string(info.stream); }
  void evolve(const auto&, const EventInfo& info) {
    if (info.position.value % 50 == 0 && failures[info.position.value / 50]++ < 2) {
      throw std::runtime_error("not yet");
    }
    ++events;
    last_version = static_cast<std::int64_t>(info.version.value);
  }
  static inline std::array<std::atomic<int>, 100> failures = {};
};
struct FlakyPerStream {
  static constexpr auto name = "flaky_per_stream";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<FlakyCount>;
};

// Each failure throws away what was read and not committed, and reads it again from Kafka.
TEST_P(Group, ReadsAgainWhatWasReadAndNotCommitted) {
  for (auto& failure : FlakyCount::failures) failure = 0;
  const GlobalPosition head = grow(1'000);
  publish();
  const auto kafka = member();
  const auto rows = open_rows();
  ProjectionRunner runner(*kafka, *rows, {.threads = 2, .batch_events = 200});
  ASSERT_TRUE(join_group<FlakyPerStream>(runner, *kafka));
  const auto reached = runner.wait("flaky_per_stream", head, patience);
  ASSERT_TRUE(reached) << to_string(reached.error());
  runner.stop();
  std::int64_t events = 0;
  for (const FlakyCount& row : all_rows<FlakyCount>(*rows)) {
    EXPECT_EQ(row.events, row.last_version + 1) << row.stream;
    events += row.events;
  }
  EXPECT_EQ(static_cast<std::uint64_t>(events), head.value);
  EXPECT_GT(kafka->status().repeated, 0U) << "nothing was read again";
}

struct EventsOf {
  std::string stream;
  using Projection = PerStream;
  Result<std::int64_t> answer(Rows& rows) const {
    auto row = rows.find<StreamCount>(stream);
    if (!row) return std::move(row).error();
    return *row ? (*row)->events : 0;
  }
};

TEST_P(Group, HonoursATokenWhicheverPartitionItsEventsAreIn) {
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  const auto rows = open_rows();
  Worker worker(member(), *rows);
  QueryBus reading(static_cast<const ReadModelStore&>(*rows));
  for (std::int64_t round = 1; round <= 10; ++round) {
    for (const char* stream : {"warehouse-1", "warehouse-2", "warehouse-3"}) {
      AppendRequest request;
      request.events.push_back(written(GoodsArrived{"a", 1}, stream));
      request.checks = {{stream, ExpectedVersion::any()}};
      const auto receipt = store().append(std::move(request));
      ASSERT_TRUE(receipt);
      const auto answer =
          reading.ask(EventsOf{stream}, Consistency::at_least(receipt->token(), patience));
      ASSERT_TRUE(answer) << to_string(answer.error());
      EXPECT_EQ(answer->value, round);
    }
  }
  worker.runner.stop();
  ASSERT_TRUE(relay.stop());
}

class GroupRefusals : public Group {};
INSTANTIATE_TEST_SUITE_P(Strategies, GroupRefusals, testing::Values("range"),
                         [](const auto&) { return "eager"; });

/// Says what is not true: many streams have events of one shelf.
struct Untrue {
  static constexpr auto name = "untrue";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<Shelf>;
};

TEST_P(GroupRefusals, ARowThatTwoStreamsTouchHaltsAndIsNamed) {
  const GlobalPosition head = grow(500);
  publish();
  const auto kafka = member();
  const auto rows = open_rows();
  ProjectionRunner runner(*kafka, *rows);
  ASSERT_TRUE(join_group<Untrue>(runner, *kafka));
  const auto halted = runner.wait("untrue", head, patience);
  ASSERT_FALSE(halted);
  EXPECT_EQ(halted.error().code, ErrorCode::unavailable);
  for (const char* word : {"table shelves: row ", "stream warehouse-", " and of stream warehouse-",
                           "all partitions of the topic"}) {
    EXPECT_NE(halted.error().message.find(word), std::string::npos) << halted.error().message;
  }
}

TEST_P(GroupRefusals, OtherProjectionsAreRefusedAndToldOfTheOtherWay) {
  grow(10);
  publish();
  const auto kafka = member();
  const auto rows = open_rows();
  ProjectionRunner runner(*kafka, *rows);
  const auto refused = runner.add_to_group(projection_type_of<Stock>(), *kafka);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("rows_of_one_stream"), std::string::npos);
  EXPECT_NE(refused.error().message.find("all partitions"), std::string::npos);
  const auto no_group = source();
  ProjectionRunner other(*no_group, *rows);
  const auto unnamed = other.add_to_group<PerStream>(*no_group);
  ASSERT_FALSE(unnamed);
  EXPECT_NE(unnamed.error().message.find("no group was named"), std::string::npos);
}

TEST_P(GroupRefusals, AReadModelSplitInOneWayIsRefusedInTheOther) {
  const GlobalPosition head = grow(100);
  publish();
  const auto kafka = member();
  const auto by_stream = open_rows();
  {
    ProjectionRunner runner(*kafka, *by_stream);
    ASSERT_TRUE(join_group<PerStream>(runner, *kafka));
    wait_for(*by_stream, head);
  }
  ProjectionRunner whole(store(), *by_stream);
  const auto refused = whole.add<PerStream>(3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("is split by stream, the program asks for a split by row"),
            std::string::npos)
      << refused.error().message;

  const auto by_row = open_rows();
  {
    ProjectionRunner runner(store(), *by_row);
    ASSERT_TRUE(runner.add<PerStream>(3));
    wait_for(*by_row, head);
  }
  ProjectionRunner group(*kafka, *by_row);
  const auto other = group.add_to_group<PerStream>(*kafka);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(other.error().message.find("is split by row, the program asks for a split by stream"),
            std::string::npos)
      << other.error().message;

  // A rebuild leads from one to the other.
  ASSERT_TRUE(rebuild(store(), *by_row, projection_type_of<PerStream>(),
                      {.partitions = 3, .split_by = SplitBy::stream}));
  const GlobalPosition later = grow(200);
  publish();
  const auto again = group.add_to_group<PerStream>(*kafka);
  ASSERT_TRUE(again) << to_string(again.error());
  wait_for(*by_row, later);
  expect_counts_of(store(), *by_row);
}

}  // namespace
}  // namespace annals::warehouse
