// Projections fed by a topic in several processes, which are killed and frozen: each event counts
// once, and the rows are the log's.

#include <thread>

#include "join_group.hpp"
#include "per_stream.hpp"
#include "projections/projecting.hpp"
#include "published.hpp"

#include <signal.h>

#if ANNALS_WITH_POSTGRES
#include "postgres/database.hpp"
#include "projections_postgres/read_model_schema.hpp"
#endif

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

/// Where the rows are, for this process and for those that it starts.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::string name() const = 0;
  virtual std::unique_ptr<ReadModelStore> open() const = 0;
};

class SqlitePlace final : public Place {
 public:
  std::string name() const override { return folder_.file("rows.db"); }
  std::unique_ptr<ReadModelStore> open() const override { return open_rows(name()); }

 private:
  testkit::TemporaryFolder folder_;
};

#if ANNALS_WITH_POSTGRES
class PostgresPlace final : public Place {
 public:
  std::string name() const override {
    return schema_.options().url + "#" + schema_.options().schema;
  }
  std::unique_ptr<ReadModelStore> open() const override { return schema_.open(); }

 private:
  postgres_test::ReadModelSchema schema_;
};
#endif

class TopicProcesses : public PublishedWarehouse, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    PublishedWarehouse::SetUp();
    if (IsSkipped()) return;
#if ANNALS_WITH_POSTGRES
    if (std::string(GetParam()) == "postgres") {
      ANNALS_NEEDS_POSTGRES();
    }
#else
    if (std::string(GetParam()) == "postgres") GTEST_SKIP() << "SKIPPED: built without PostgreSQL";
#endif
    anew();
  }
  /// Another database and another topic.
  void anew() {
    rows_.reset();
#if ANNALS_WITH_POSTGRES
    if (std::string(GetParam()) == "postgres") {
      place_ = std::make_unique<PostgresPlace>();
    } else {
      place_ = std::make_unique<SqlitePlace>();
    }
#else
    place_ = std::make_unique<SqlitePlace>();
#endif
    rows_ = place_->open();
    relay_options().topic = kafka_test::new_topic_name();
  }
  std::unique_ptr<Projecting> start(const std::string& how = {}) {
    std::vector<std::string> words = {relay_options().brokers, topic(), "group-" + topic(),
                                      place_->name(), "1500"};
    if (!how.empty()) words.push_back(how);
    return std::make_unique<Projecting>(words);
  }
  void wait_for(const char* projection, GlobalPosition position) const {
    const auto record =
        rows_->wait(projection, position, std::chrono::steady_clock::now() + 3 * patience);
    ASSERT_TRUE(record) << to_string(record.error());
    ASSERT_TRUE(*record) << projection << " was not projected";
    ASSERT_GE((*record)->position(), position) << projection << ": " << (*record)->failure;
  }
  void expect_all_rows() {
    for (const char* projection : {"per_stream", "stock", "curses"}) {
      ASSERT_NO_FATAL_FAILURE(wait_for(projection, store().head().position));
    }
    expect_counts_of(store(), *rows_);
    expect_rows_of(store(), *rows_);
  }
  ReadModelStore& rows() { return *rows_; }

 private:
  std::unique_ptr<Place> place_;
  std::unique_ptr<ReadModelStore> rows_;
};
INSTANTIATE_TEST_SUITE_P(Databases, TopicProcesses, testing::Values("sqlite", "postgres"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(TopicProcesses, OfAnyNumberMakeTheRowsOfTheLogFromAnyNumberOfPartitions) {
  grow(1'500);
  for (const auto& [partitions, processes] :
       {std::pair{1U, 1}, {1U, 2}, {3U, 1}, {3U, 3}, {12U, 2}, {12U, 4}}) {
    anew();
    relay_options().partitions = partitions;
    relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
    std::vector<std::unique_ptr<Projecting>> all;
    for (int i = 0; i < processes; ++i) all.push_back(start());
    relay.until_published(store().head().position);
    grow(store().head().position.value + 200);
    expect_all_rows();
    ASSERT_TRUE(relay.stop());
    if (HasFailure()) FAIL() << partitions << " partitions, " << processes << " processes";
  }
}

TEST_P(TopicProcesses, ThatAreKilledAtAnyMomentLoseAndDoubleNothing) {
  relay_options().partitions = 3;
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  grow(500);
  auto stays = start();
  for (int round = 0; round < 3; ++round) {
    auto killed = start();
    const auto until = std::chrono::steady_clock::now() + milliseconds(500 + random()() % 3'000);
    while (std::chrono::steady_clock::now() < until) {
      grow(store().head().position.value + 30);
      std::this_thread::sleep_for(milliseconds(10));
    }
    killed->end(SIGKILL);
    grow(store().head().position.value + 30);
  }
  expect_all_rows();
  ASSERT_TRUE(relay.stop());
}

// Its partitions go to another once it has been silent for too long; it then wakes up in the middle
// of a commit.
TEST_P(TopicProcesses, OneThatWasFrozenAndGoesOnChangesNothing) {
  relay_options().partitions = 3;
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  grow(500);
  {
    // Makes the tables: whoever is frozen in the middle of that holds up everybody.
    KafkaSourceOptions options = source_options();
    options.group = "group-" + topic();
    const auto kafka = source(options);
    ProjectionRunner runner(*kafka, rows());
    ASSERT_TRUE(join_group<PerStream>(runner, *kafka));
    ASSERT_TRUE((runner.add<Stock, Curses>()));
    expect_all_rows();
  }
  grow(store().head().position.value + 500);
  auto frozen = start("stop-before-commit");
  frozen->wait_until_stopped();
  auto successor = start();
  grow(store().head().position.value + 200);
  ASSERT_NO_FATAL_FAILURE(expect_all_rows());
  frozen->go_on();
  ASSERT_NO_FATAL_FAILURE(frozen->wait_until_fenced());
  grow(store().head().position.value + 200);
  expect_all_rows();
  ASSERT_TRUE(relay.stop());
}

}  // namespace
}  // namespace annals::warehouse
