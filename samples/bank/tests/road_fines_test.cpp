// 561,470 events of 150,370 road traffic fines: totals, an audit, and a rebuild beside readers.

#include "road_fines.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rebuild.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

#include "test_data.hpp"

#include <sys/wait.h>
#include <unistd.h>

namespace bank::fines {
namespace {

using std::chrono::steady_clock;

/// One log and one read model for all tests of this file: they take a while to make.
class RoadFinesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!std::filesystem::exists(external_data_folder() + "/road-fines/events.csv.gz")) return;
    shared_ = new Shared;
    import(external_data_folder() + "/road-fines/events.csv.gz", shared_->events);
  }
  static void TearDownTestSuite() { delete std::exchange(shared_, nullptr); }

  void SetUp() override {
    BANK_EXTERNAL_DATA(file, "road-fines/events.csv.gz");
    auto rows = annals::open_sqlite_read_models({.path = shared_->folder.file("read-models.db")});
    ASSERT_TRUE(rows) << annals::to_string(rows.error());
    rows_ = std::move(*rows);
    const auto started = steady_clock::now();
    annals::ProjectionRunner runner(events(), *rows_);
    auto added = runner.add<RoadFines>();
    ASSERT_TRUE(added) << annals::to_string(added.error());
    auto reached = runner.wait("road_fines", events().head().position, std::chrono::minutes(10));
    ASSERT_TRUE(reached) << annals::to_string(reached.error());
    const std::chrono::duration<double> taken = steady_clock::now() - started;
    if (runner.status("road_fines")->events_applied > 0) {
      std::printf("projected 561,470 events into 3 tables in %.1f s (%.0f events/s)\n",
                  taken.count(), 561'470 / taken.count());
    }
    bus_ = std::make_unique<annals::QueryBus>(events(), *rows_);
  }

  annals::EventStore& events() { return *shared_->events; }
  template <typename Q>
  auto ask(const Q& query) {
    auto answer = bus_->ask(query, annals::Consistency::strong());
    EXPECT_TRUE(answer) << annals::to_string(answer.error());
    return answer ? answer->value : annals::AnswerOf<Q>{};
  }

  struct Shared {
    annals::testkit::TemporaryFolder folder;
    HistoryStore events{folder.file("store")};
  };
  static inline Shared* shared_ = nullptr;
  std::unique_ptr<annals::ReadModelStore> rows_;
  std::unique_ptr<annals::QueryBus> bus_;
};

TEST_F(RoadFinesTest, TotalsAtEveryQuarterEndAndCountsByKindAreEqual) {
  const auto quarters = read_totals(external_data_folder() + "/road-fines/oracle/totals_as_of.csv");
  for (const auto& [day, totals] : quarters) EXPECT_EQ(ask(TotalsBy{day}), totals) << day;
  EXPECT_EQ(quarters.size(), 54U);

  std::map<std::string, std::int64_t> expected;
  for_each_record(external_data_folder() + "/road-fines/oracle/publisher_counts.csv",
                  [&](CsvRecord& row) {
                    std::string kind = row.text("activity");
                    for (char& c : kind) {
                      c = c == ' ' ? '_' : static_cast<char>(std::tolower(c));
                    }
                    expected[kind] = row.integer("stated_by_publisher");
                  });
  std::map<std::string, std::int64_t> kinds;
  for (const Kind& row : ask(AllKinds{})) kinds[row.kind] = row.events;
  EXPECT_EQ(kinds, expected);
}

TEST_F(RoadFinesTest, TheAuditFindsEveryFineWhoseStatedTotalIsNotWhatWasPaid) {
  const auto expected = disagreements_in(external_data_folder() + "/road-fines/events.csv.gz");
  std::set<std::string> found;
  for (const Fine& fine : ask(Disagreements{})) found.insert(fine.fine);
  EXPECT_EQ(found, expected);
  EXPECT_FALSE(found.empty());
  std::printf("the audit found %zu fines where the stated total disagrees\n", found.size());
}

TEST_F(RoadFinesTest, ARebuildBesideReadersIsNeverSeenHalfDoneAndGoesOnAfterAKill) {
  const auto fines = [](const annals::ReadModelStore& rows) {
    auto transaction = rows.read();
    EXPECT_TRUE(transaction);
    auto all = annals::Rows(**transaction).all<Fine>();
    EXPECT_TRUE(all);
    return *std::move(all);
  };
  const std::vector<Fine> before = fines(*rows_);

  // A process that rebuilds is killed on the way. It reads the log and opens the same file.
  const std::string log = shared_->folder.file("store");
  const std::string file = shared_->folder.file("read-models.db");
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = annals::open_log_event_store(
        {.path = log, .access = annals::LogOptions::Access::read_only});
    auto rows = annals::open_sqlite_read_models({.path = file});
    if (!store || !rows) ::_exit(1);
    annals::RebuildOptions options;
    options.progress = [&](const annals::RebuildProgress& progress) {
      if (progress.position.value > 100'000) static_cast<void>(!::write(pipe_ends[1], "x", 1));
      return true;
    };
    static_cast<void>(
        annals::rebuild(**store, **rows, annals::projection_type_of<RoadFines>(), options));
    ::_exit(0);
  }
  char told = 0;
  ASSERT_EQ(::read(pipe_ends[0], &told, 1), 1);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it ended before it could be killed";

  // The live projector goes on meanwhile, and eight readers ask.
  annals::ProjectionRunner runner(events(), *rows_);
  ASSERT_TRUE(runner.add<RoadFines>());
  std::atomic<bool> done = false;
  std::atomic<std::int64_t> asked = 0;
  std::atomic<std::int64_t> longest_us = 0;
  const Totals whole = ask(TotalsBy{"9999"});
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      while (!done.load()) {
        const auto started = steady_clock::now();
        const auto answer = bus_->ask(TotalsBy{"9999"}, annals::Consistency::eventual());
        const auto taken =
            std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - started)
                .count();
        ASSERT_TRUE(answer) << annals::to_string(answer.error());
        ASSERT_EQ(answer->value, whole) << "a half-built table";
        ASSERT_EQ(answer->token.position, events().head().position);
        asked.fetch_add(1);
        std::int64_t longest = longest_us.load();
        while (taken > longest && !longest_us.compare_exchange_weak(longest, taken)) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
  const auto started = steady_clock::now();
  annals::RebuildOptions options;
  std::optional<annals::RebuildProgress> first;
  options.progress = [&](const annals::RebuildProgress& progress) {
    if (!first) first = progress;
    return true;
  };
  const auto rebuilt =
      annals::rebuild(events(), *rows_, annals::projection_type_of<RoadFines>(), options);
  const std::chrono::duration<double> taken = steady_clock::now() - started;
  done.store(true);
  for (auto& reader : readers) reader.join();
  ASSERT_TRUE(rebuilt) << annals::to_string(rebuilt.error());
  EXPECT_TRUE(rebuilt->resumed) << "what the killed process had done is used";
  EXPECT_LT(rebuilt->events, 561'470U);
  EXPECT_EQ(rebuilt->position, events().head().position);
  std::printf(
      "rebuilt the remaining %llu events in %.1f s (%.0f events/s while folding) beside %lld "
      "queries of 8 readers; the longest took %.1f ms\n",
      static_cast<unsigned long long>(rebuilt->events), taken.count(), rebuilt->events_per_second,
      static_cast<long long>(asked.load()), static_cast<double>(longest_us.load()) / 1000);
  EXPECT_LT(longest_us.load(), 2'000'000);  // 100 ms are meant; other work on the machine is not.
  EXPECT_EQ(fines(*rows_), before);
}

}  // namespace
}  // namespace bank::fines
