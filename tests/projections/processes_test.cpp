// Processes that project are killed, and frozen, and come back: each event counts once.
//
// ANNALS_SEED says how the kills fall; ANNALS_SOAK makes 500 of them.

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "delicate.hpp"
#include "projecting.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

/// Writes random moves, and knows what the read model must be at any position.
class Writer {
 public:
  Writer(EventStore& events, std::uint64_t seed) : events_(events), random_(seed) {}

  /// Goods that may break what they are taken from; `plain` learns of them when it is asked to.
  void append_delicate() {
    const auto shelf = [&] { return std::string(1, static_cast<char>('a' + random_() % 8)); };
    PlainDelicate::Event event = GoodsMoved{shelf(), shelf(), random_() % 2 == 0 ? "Ada" : "Bob",
                                            static_cast<std::int64_t>(random_() % 400)};
    // Seldom, or all shelves are broken soon.
    auto& moved = std::get<GoodsMoved>(event);
    if (moved.count % 10 == 7 && moved.count >= 40) ++moved.count;
    if (random_() % 10 == 0) event = ShelfCleared{shelf()};
    std::visit([&](const auto& one) { append(events_, one); }, event);
    delicate_.push_back(std::move(event));
  }
  /// Folds what came up to `position`, which never goes back.
  void fold_delicate(PlainDelicate& plain, std::uint64_t& folded, std::uint64_t position) const {
    for (; folded < position; ++folded) plain.fold(folded + 1, delicate_[folded]);
  }

  void append_some() {
    AppendRequest request;
    request.checks = {{"warehouse-1", ExpectedVersion::any()}};
    for (std::uint64_t i = random_() % 4 + 1; i > 0; --i) {
      const std::string from(1, static_cast<char>('a' + random_() % 12));
      const std::string to(1, static_cast<char>('a' + random_() % 12));
      if (random_() % 10 == 0) {
        request.events.push_back(written(ShelfCleared{from}));
        cleared_[all_++] = ShelfCleared{from};
      } else {
        moved_[all_] = GoodsMoved{from, to, random_() % 2 == 0 ? "Ada" : "Bob",
                                  static_cast<std::int64_t>(random_() % 100)};
        request.events.push_back(written(moved_[all_++]));
      }
    }
    auto receipt = events_.append(std::move(request));
    ASSERT_TRUE(receipt) << to_string(receipt.error());
  }
  /// Folded up to `position`, which never goes back.
  const PlainStock& stock_at(std::uint64_t position) {
    for (; folded_ < position; ++folded_) {
      if (const auto moved = moved_.find(folded_); moved != moved_.end()) {
        plain_.fold(moved->second);
      } else {
        plain_.fold(cleared_.at(folded_));
      }
    }
    return plain_;
  }
  const std::map<std::string, std::int64_t>& tally_at(std::uint64_t position) {
    for (; tallied_ < position; ++tallied_) {
      const auto moved = moved_.find(tallied_);
      if (moved != moved_.end()) tally_[moved->second.by] += moved->second.count;
    }
    return tally_;
  }

 private:
  EventStore& events_;
  std::mt19937_64 random_;
  std::uint64_t all_ = 0;
  std::vector<PlainDelicate::Event> delicate_;
  std::map<std::uint64_t, GoodsMoved> moved_;
  std::map<std::uint64_t, ShelfCleared> cleared_;
  std::uint64_t folded_ = 0;
  PlainStock plain_;
  std::uint64_t tallied_ = 0;
  std::map<std::string, std::int64_t> tally_;
};

class ProcessesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened =
        open_log_event_store({.path = log_, .durability = Durability::survives_process_only});
    ASSERT_TRUE(opened) << to_string(opened.error());
    events_ = *std::move(opened);
  }
  std::map<std::string, std::int64_t> tally(const ReadModelStore& rows) {
    auto transaction = rows.read();
    EXPECT_TRUE(transaction);
    auto lines = (*transaction)->sql().query<TallyLine>("SELECT * FROM slow_tally");
    EXPECT_TRUE(lines) << to_string(lines.error());
    std::map<std::string, std::int64_t> result;
    for (const TallyLine& line : *lines) result[line.worker] = line.goods;
    return result;
  }

  /// Lets it print a few lines, then a moment, while `work` is done again and again; and kills it.
  template <typename Work>
  static void kill_amid(Projecting& projecting, std::mt19937_64& random, const Work& work) {
    std::atomic<bool> killed = false;
    std::thread killer([&, lines = random() % 6 + 1, micros = random() % 3'000] {
      for (std::uint64_t n = 0; n < lines; ++n) {
        if (projecting.next().activity == "ended") break;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(micros));
      projecting.end(SIGKILL);
      killed.store(true);
    });
    while (!killed.load()) {
      work();
      // Not faster than it can be projected, or all kills fall into catching up.
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    killer.join();
  }

  testkit::TemporaryFolder folder_;
  const std::string log_ = folder_.file("log");
  const std::string database_ = folder_.file("rows.db");
  std::unique_ptr<EventStore> events_;
};

TEST_F(ProcessesTest, KilledAtAnyMomentEachEventCountsOnceAndRowsAgreeWithTheCheckpoint) {
  const std::uint64_t seed = testkit::seed(41);
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 500 : 25;
  std::mt19937_64 random(seed);
  Writer writer(*events_, seed);
  std::uint64_t kept = 0;  // Kills that lost nothing, since something had been committed.
  std::uint64_t last = 0;
  for (int i = 0; i < kills && !testing::Test::HasFailure(); ++i) {
    Projecting projecting({log_, database_, "10000"});
    kill_amid(projecting, random, [&] { writer.append_some(); });

    const auto rows = open_rows(database_);
    auto records = rows->records();
    ASSERT_TRUE(records) << to_string(records.error());
    for (const CheckpointRecord& record : *records) {
      EXPECT_GE(record.position().value, record.projection == "stock" ? last : 0U);
      if (record.projection == "stock") {
        expect_rows(*rows, writer.stock_at(record.position().value));
        kept += record.position().value > last ? 1 : 0;
        last = record.position().value;
      } else {
        EXPECT_EQ(tally(*rows), writer.tally_at(record.position().value));
      }
    }
  }
  // In the end one more process, that is left alone, brings all up to date.
  {
    Projecting projecting({log_, database_, "10000"});
    while (true) {
      const auto line = projecting.next();
      ASSERT_NE(line.activity, "ended");
      if (line.position == events_->head().position.value) break;
    }
    projecting.end(SIGKILL);
  }
  const auto rows = open_rows(database_);
  expect_rows(*rows, writer.stock_at(record_of(*rows, "stock").position().value));
  EXPECT_EQ(record_of(*rows, "stock").position(), events_->head().position);
  EXPECT_GT(kept, static_cast<std::uint64_t>(kills) / 5) << "the kills fell too early to say much";
  std::printf("%d kills, %llu of them after new commits, %llu events\n", kills,
              static_cast<unsigned long long>(kept), static_cast<unsigned long long>(last));
}

TEST_F(ProcessesTest, KilledAtAnyMomentNothingThatIsParkedIsLostOrAppliedTwice) {
  const std::uint64_t seed = testkit::seed(43);
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 300 : 20;
  std::mt19937_64 random(seed);
  Writer writer(*events_, seed);
  PlainDelicate plain;
  std::uint64_t folded = 0;
  std::size_t parked = 0;
  for (int i = 0; i < kills && !testing::Test::HasFailure(); ++i) {
    Projecting projecting({log_, database_, "10000", "parking"});
    kill_amid(projecting, random, [&] { writer.append_delicate(); });

    const auto rows = open_rows(database_);
    auto records = rows->records();
    ASSERT_TRUE(records) << to_string(records.error());
    if (records->empty()) continue;
    writer.fold_delicate(plain, folded, records->front().position().value);
    plain.expect_in(*rows);
    parked = std::max(parked, plain.parked().size());
    // The next process finds a wish that it cannot fulfil, and must not lose what it is about.
    ASSERT_TRUE(rows->wish_parked("delicate_stock", {}, ParkedWish::retry));
  }
  EXPECT_GT(parked, 0U);
  {
    Projecting projecting({log_, database_, "10000", "mended"});
    while (true) {
      const auto line = projecting.next();
      ASSERT_NE(line.activity, "ended");
      if (line.position == events_->head().position.value) break;
    }
    const auto rows = open_rows(database_);
    ASSERT_TRUE(rows->wish_parked("delicate_stock", {}, ParkedWish::retry));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!parked_in(*rows).empty() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    projecting.end(SIGKILL);
  }
  const auto rows = open_rows(database_);
  Delicate::breaks_at = -1;
  PlainDelicate whole;
  folded = 0;
  writer.fold_delicate(whole, folded, record_of(*rows, "delicate_stock").position().value);
  whole.expect_in(*rows);
  Delicate::breaks_at = 7;
  EXPECT_EQ(record_of(*rows, "delicate_stock").position(), events_->head().position);
}

TEST_F(ProcessesTest, FrozenBeforeItsCommitAndOvertakenItIsRefused) {
  append(*events_, GoodsArrived{"a", 1}, GoodsMoved{"a", "b", "Ada", 1});
  Projecting zombie({log_, database_, "50", "stop-before-commit"});
  zombie.wait_until_stopped();
  std::this_thread::sleep_for(milliseconds(100));  // Its lease runs out.
  const auto rows = open_rows(database_);
  {
    ProjectionRunner successor(*events_, *rows);
    auto added = successor.add<Stock>();
    ASSERT_TRUE(added) << to_string(added.error());
    expect_reached(successor, "stock", GlobalPosition{2});
    zombie.go_on();
    zombie.wait_until_fenced();
    const auto receipt = append(*events_, GoodsArrived{"a", 10});
    expect_reached(successor, "stock", receipt.last_position);
  }
  EXPECT_EQ(all_rows<Shelf>(*rows), (std::vector<Shelf>{{"a", 10, 3}, {"b", 1, 1}}));
}

TEST_F(ProcessesTest, FrozenInItsCommitItBlocksTheSuccessorWhichSaysByWhomAndWaits) {
  append(*events_, GoodsMoved{"a", "b", "Ada", 7});
  Projecting frozen({log_, database_, "50", "stop-in-commit"});
  frozen.wait_until_stopped();
  std::this_thread::sleep_for(milliseconds(100));
  auto opened = open_sqlite_read_models({.path = database_, .lock_timeout = milliseconds(50)});
  ASSERT_TRUE(opened) << to_string(opened.error());
  const auto rows = *std::move(opened);
  ProjectionRunner successor(*events_, *rows);
  ASSERT_TRUE(successor.add<SlowTally>());
  const auto waiting = *successor.status("slow_tally");
  EXPECT_EQ(waiting.activity, ProjectionActivity::standing_by);
  EXPECT_NE(waiting.last_error.find("blocked by pid " + std::to_string(frozen.pid())),
            std::string::npos)
      << waiting.last_error;
  frozen.go_on();
  const auto receipt = append(*events_, GoodsMoved{"a", "b", "Ada", 3});
  auto record =
      rows->wait("slow_tally", receipt.last_position, std::chrono::steady_clock::now() + patience);
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->position(), receipt.last_position);
  EXPECT_EQ(tally(*rows), (std::map<std::string, std::int64_t>{{"Ada", 10}}));
}

}  // namespace
}  // namespace annals::warehouse
