// Events that a group's fold fails at: parked with their streams by whoever has the partition, and
// retried or skipped by whoever has it then.

#include <atomic>
#include <stdexcept>
#include <thread>

#include <annals/projections/parked.hpp>
#include <annals/projections/rebuild.hpp>

#include "group_member.hpp"
#include "projections/delicate.hpp"
#include "published.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

/// What happened in a stream, in its order; a curse breaks it until curses are lifted.
struct CursedCount {
  std::string stream;
  std::int64_t events = 0;
  std::int64_t order = 0;
  ANNALS_ROW(CursedCount, "cursed_counts", (stream), events, order);

  using Events = annals::Events<GoodsArrived, GoodsCursed>;
  static std::string keys(const auto&, const EventInfo& info) { return std::string(info.stream); }
  void evolve(const GoodsArrived&, const EventInfo& info) { take(info); }
  void evolve(const GoodsCursed& e, const EventInfo& info) {
    if (!lifted) throw std::runtime_error("cursed by " + e.shelf);
    take(info);
  }
  void take(const EventInfo& info) {
    ++events;
    order = (order * 31 + static_cast<std::int64_t>(info.version.value) + 1) % 1'000'000'007;
  }
  static inline std::atomic<bool> lifted = false;
  bool operator==(const CursedCount&) const = default;
};
struct Cursed {
  static constexpr auto name = "cursed";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  static constexpr auto on_failure = OnFailure::park;
  using Tables = annals::Tables<CursedCount>;
};
using Member = GroupMember<Cursed>;

class ParkedInGroup : public PublishedWarehouse {
 protected:
  static constexpr int streams = 12;

  void SetUp() override {
    PublishedWarehouse::SetUp();
    if (IsSkipped()) return;
    relay_options().partitions = 3;
    CursedCount::lifted = false;
    relay_ = std::make_unique<relay_test::RunningRelay>(store(), checkpoints(), relay_options());
  }
  void TearDown() override {
    if (!relay_) return;
    ASSERT_TRUE(relay_->stop());
  }

  static std::string stream(int number) { return "warehouse-" + std::to_string(number); }
  template <typename E>
  void happen(int number, const E& event) {
    AppendRequest request;
    request.events.push_back(written(event, stream(number)));
    request.checks = {{stream(number), ExpectedVersion::any()}};
    ASSERT_TRUE(store().append(std::move(request)));
  }
  /// Something arrives in every stream.
  void arrive() {
    for (int number = 0; number < streams; ++number) happen(number, GoodsArrived{"a", 1});
  }
  /// Three events in each stream, of which the second is a curse in two of them.
  void arrive_under_curses() {
    arrive();
    for (const int number : cursed_) happen(number, GoodsCursed{"a black cat"});
    arrive();
    arrive();
  }

  std::unique_ptr<Member> project() {
    return std::make_unique<Member>(
        member(), *rows_,
        RunnerOptions{.threads = 2, .tries_max = 2, .retry_first = milliseconds(1)});
  }
  void wait_for_head() {
    const auto record =
        rows_->wait("cursed", store().head().position, std::chrono::steady_clock::now() + patience);
    ASSERT_TRUE(record) << to_string(record.error());
    ASSERT_TRUE(*record);
    ASSERT_GE((*record)->position(), store().head().position) << (*record)->failure;
  }
  void wait_for_wishes() {
    const auto longest = std::chrono::steady_clock::now() + patience;
    const auto wished = [&] {
      for (const ParkedKey& key : parked_in(*rows_)) {
        if (key.wish != ParkedWish::none) return true;
      }
      return false;
    };
    while (wished()) {
      ASSERT_LT(std::chrono::steady_clock::now(), longest) << "what was wished was not done";
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  ParkedRow row(int number) const { return {"cursed_counts", stream(number)}; }
  /// The rows of a log's history in which these streams have taken so many events only, and, if
  /// `left_out` has it, without the event of that version.
  std::vector<CursedCount> rows_but(const std::map<int, int>& taken,
                                    const std::map<int, std::uint64_t>& left_out = {}) {
    std::map<std::string, CursedCount> rows;
    const auto events = read_all(store(), {});
    EXPECT_TRUE(events);
    for (const RecordedEvent& event : *events) {
      CursedCount& row = rows[std::string(event.stream)];
      row.stream = event.stream;
      const int number = std::stoi(row.stream.substr(row.stream.find('-') + 1));
      if (const auto only = taken.find(number); only != taken.end() && row.events >= only->second) {
        continue;
      }
      const auto without = left_out.find(number);
      if (without != left_out.end() && without->second == event.version.value) continue;
      row.take(event);
    }
    std::vector<CursedCount> all;
    for (const auto& [name, row] : rows) all.push_back(row);
    return all;
  }

  const std::vector<int> cursed_ = {3, 7};
  const std::unique_ptr<ReadModelStore> rows_ = open_rows();
  std::unique_ptr<relay_test::RunningRelay> relay_;
};

TEST_F(ParkedInGroup, AFoldThatFailsParksItsStreamIsListedAndAllOthersGoOn) {
  const auto one = project();
  const auto two = project();
  arrive_under_curses();
  wait_for_head();
  EXPECT_EQ(all_rows<CursedCount>(*rows_), rows_but({{3, 1}, {7, 1}}));
  auto parked = parked_in(*rows_);
  ASSERT_EQ(parked.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(parked[i].row, row(cursed_[i]));
    EXPECT_EQ(parked[i].first_position.value, static_cast<std::uint64_t>(streams) + 1 + i);
    EXPECT_EQ(parked[i].events, 3U);
    for (const char* part : {"goods_cursed", "cursed by a black cat"}) {
      EXPECT_NE(parked[i].failure.find(part), std::string::npos) << parked[i].failure;
    }
  }
  EXPECT_EQ(record_of(*rows_, "cursed").parked_keys, 2U);
}

TEST_F(ParkedInGroup, WhoGetsThePartitionParksOnAndTriesAgainInTheStreamsOrder) {
  {
    const auto one = project();
    arrive_under_curses();
    wait_for_head();
  }
  // Another process, which has seen none of what is parked.
  const auto two = project();
  arrive();
  wait_for_head();
  EXPECT_EQ(all_rows<CursedCount>(*rows_), rows_but({{3, 1}, {7, 1}})) << "they queue up behind";
  const auto parked = parked_in(*rows_);
  ASSERT_EQ(parked.size(), 2U);
  EXPECT_EQ(parked[0].events, 4U);

  const auto in_vain = two->runner.retry_parked("cursed", row(3));
  ASSERT_TRUE(in_vain) << to_string(in_vain.error());
  wait_for_wishes();
  EXPECT_EQ(parked_in(*rows_).size(), 2U) << "it fails again";

  CursedCount::lifted = true;
  const auto wished = two->runner.retry_parked("cursed");
  ASSERT_TRUE(wished) << to_string(wished.error());
  EXPECT_EQ(*wished, 2U);
  wait_for_wishes();
  EXPECT_TRUE(parked_in(*rows_).empty());
  arrive();
  wait_for_head();
  EXPECT_EQ(all_rows<CursedCount>(*rows_), rows_but({}));
}

TEST_F(ParkedInGroup, ASkippedEventIsLeftOutAndKeptForTheRecord) {
  const auto one = project();
  const auto two = project();
  arrive_under_curses();
  wait_for_head();
  // By whichever member: the one that has the partition does it.
  ASSERT_TRUE(one->runner.skip_parked("cursed", row(3)));
  ASSERT_TRUE(two->runner.skip_parked("cursed", row(7), true));
  wait_for_wishes();
  EXPECT_TRUE(parked_in(*rows_).empty());
  EXPECT_EQ(all_rows<CursedCount>(*rows_), rows_but({{7, 1}}, {{3, 1}}));
  const auto transaction = rows_->read();
  ASSERT_TRUE(transaction);
  const auto skipped = skipped_events(**transaction, "cursed");
  ASSERT_TRUE(skipped) << to_string(skipped.error());
  ASSERT_EQ(skipped->size(), 4U);
  EXPECT_EQ((*skipped)[0].row, row(3));
  EXPECT_NE((*skipped)[0].failure.find("a black cat"), std::string::npos);
}

// In which partition a stream is, only the topic tells: in another one its later events would not
// wait.
TEST_F(ParkedInGroup, ARebuildThatWouldParkIsRefusedAndLeavesTheRowsAsTheyWere) {
  arrive_under_curses();
  {
    const auto one = project();
    wait_for_head();
  }
  RebuildOptions options{.partitions = 3, .split_by = SplitBy::stream};
  for (const auto& same : {options, RebuildOptions{}}) {
    const auto refused = rebuild(store(), *rows_, projection_type_of<Cursed>(), same);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    for (const char* words : {"parked events of 2 rows", "which of the 3 partitions", "Mend"}) {
      EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
    }
  }
  EXPECT_EQ(all_rows<CursedCount>(*rows_), rows_but({{3, 1}, {7, 1}}));
  EXPECT_EQ(parked_in(*rows_).size(), 2U);

  CursedCount::lifted = true;
  options.from_scratch = true;
  const auto mended = rebuild(store(), *rows_, projection_type_of<Cursed>(), options);
  ASSERT_TRUE(mended) << to_string(mended.error());
  EXPECT_TRUE(parked_in(*rows_).empty());
  const auto two = project();
  arrive();
  wait_for_head();
  EXPECT_EQ(all_rows<CursedCount>(*rows_), rows_but({}));
}

}  // namespace
}  // namespace annals::warehouse
