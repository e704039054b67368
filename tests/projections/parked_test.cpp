// A fold that fails parks its key: nothing of it is lost or reordered, and all others go on.

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>
#include <annals/testkit/seed.hpp>

#include "delicate.hpp"
#include "gate.hpp"
#include "ratio.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

const ParkedRow shelf_a{"delicate", "a"};

class ParkedTest : public testing::Test {
 protected:
  void SetUp() override { Delicate::breaks_at = 7; }

  EventStore& events() { return *events_; }
  ReadModelStore& rows() { return *rows_; }
  static RunnerOptions impatient() { return {.tries_max = 2, .retry_first = milliseconds(1)}; }
  /// Begins to project, anew if it has before.
  void project(RunnerOptions options = impatient(), std::uint32_t partitions = 1) {
    runner_.reset();
    runner_ = std::make_unique<ProjectionRunner>(events(), rows(), std::move(options));
    auto added = runner_->add<DelicateStock>(partitions);
    ASSERT_TRUE(added) << to_string(added.error());
  }
  template <typename... E>
  void append_and_reach(const E&... event) {
    expect_reached(*runner_, "delicate_stock", append(events(), event...).last_position);
  }
  /// Until nothing is wished any more.
  void wait_for_wishes() {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
      bool wished = false;
      for (const ParkedKey& key : parked_in(rows())) wished |= key.wish != ParkedWish::none;
      if (!wished) return;
      std::this_thread::sleep_for(milliseconds(2));
    }
    ADD_FAILURE() << "what was wished was not done";
  }
  void retry(const std::optional<ParkedRow>& row = std::nullopt) {
    auto wished = runner_->retry_parked("delicate_stock", row);
    ASSERT_TRUE(wished) << to_string(wished.error());
    wait_for_wishes();
  }
  std::int64_t count_of(const std::string& shelf) {
    for (const Delicate& row : all_rows<Delicate>(rows())) {
      if (row.shelf == shelf) return row.count;
    }
    return -1;
  }

  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
  std::unique_ptr<ReadModelStore> rows_ = open_rows();
  std::unique_ptr<ProjectionRunner> runner_;
};

TEST_F(ParkedTest, AFoldThatFailsParksItsKeyAndAllOthersGoOn) {
  project();
  append_and_reach(GoodsArrived{"a", 100}, GoodsArrived{"b", 100});
  append_and_reach(GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1}, GoodsArrived{"b", 1});
  append_and_reach(GoodsArrived{"a", 2}, GoodsArrived{"c", 5});
  EXPECT_EQ(count_of("a"), 100) << "as it was before the event that failed";
  EXPECT_EQ(count_of("b"), 108) << "the same event's other key has it";
  EXPECT_EQ(count_of("c"), 5);
  EXPECT_EQ(all_rows<Handling>(rows()).size(), 2U) << "and so has the other table";
  const auto parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].row, shelf_a);
  EXPECT_EQ(parked[0].first_position, GlobalPosition{3});
  EXPECT_EQ(parked[0].events, 3U);
  EXPECT_EQ(parked[0].tries, 2U);
  for (const char* part : {"goods_moved", "position 3", "breaks under Ada"}) {
    EXPECT_NE(parked[0].failure.find(part), std::string::npos) << parked[0].failure;
  }
  const auto status = *runner_->status("delicate_stock");
  EXPECT_EQ(status.activity, ProjectionActivity::live);
  EXPECT_EQ(status.parked_keys, 1U);
  EXPECT_EQ(status.parked_events, 3U);
  EXPECT_EQ(record_of(rows(), "delicate_stock").parked_keys, 1U);
  EXPECT_EQ(record_of(rows(), "delicate_stock").failure, "");
}

TEST_F(ParkedTest, AMendedFoldTakesWhatIsParkedInItsOrder) {
  project();
  append_and_reach(GoodsArrived{"a", 100}, GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1},
                   ShelfCleared{"a"}, GoodsArrived{"a", 5});
  Delicate::breaks_at = -1;
  retry(shelf_a);
  EXPECT_TRUE(parked_in(rows()).empty());
  EXPECT_EQ(count_of("a"), 5) << "cleared in between";
  append_and_reach(GoodsArrived{"a", 1});
  EXPECT_EQ(count_of("a"), 6) << "it goes on as if nothing had been";
  EXPECT_EQ(runner_->status("delicate_stock")->parked_keys, 0U);
}

TEST_F(ParkedTest, WhatFailsAgainStaysParkedFromThereOnWithItsNewFailure) {
  project();
  append_and_reach(GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1},
                   GoodsMoved{"a", "b", "Bob", 8}, GoodsArrived{"a", 2});
  retry();
  auto parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].first_position, GlobalPosition{1});
  EXPECT_EQ(parked[0].tries, 3U);
  EXPECT_EQ(parked[0].events, 4U);
  Delicate::breaks_at = 8;
  retry();
  parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].first_position, GlobalPosition{3}) << "those before it are applied";
  EXPECT_EQ(parked[0].events, 2U);
  EXPECT_NE(parked[0].failure.find("Bob"), std::string::npos) << parked[0].failure;
  EXPECT_EQ(count_of("a"), -6);
}

TEST_F(ParkedTest, ASkippedEventIsLeftOutAndKeptForTheRecord) {
  project();
  append_and_reach(GoodsArrived{"a", 100}, GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1},
                   GoodsMoved{"a", "b", "Bob", 17}, GoodsArrived{"a", 2});
  ASSERT_TRUE(runner_->skip_parked("delicate_stock", shelf_a));
  wait_for_wishes();
  auto parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 1U) << "the next one fails as well";
  EXPECT_EQ(parked[0].first_position, GlobalPosition{4});
  EXPECT_EQ(count_of("a"), 101);
  ASSERT_TRUE(runner_->skip_parked("delicate_stock", shelf_a, true));
  wait_for_wishes();
  EXPECT_TRUE(parked_in(rows()).empty());
  EXPECT_EQ(count_of("a"), 101) << "all that was parked is left out";
  append_and_reach(GoodsArrived{"a", 4});
  EXPECT_EQ(count_of("a"), 105);
  auto transaction = rows().read();
  ASSERT_TRUE(transaction);
  const auto skipped = skipped_events(**transaction, "delicate_stock");
  ASSERT_TRUE(skipped) << to_string(skipped.error());
  ASSERT_EQ(skipped->size(), 3U);
  EXPECT_EQ((*skipped)[0].position, GlobalPosition{2});
  EXPECT_NE((*skipped)[0].failure.find("Ada"), std::string::npos);
  EXPECT_EQ((*skipped)[2].position, GlobalPosition{5});
}

/// A fold that fails so many times.
std::atomic<int> failures;
struct Moody {
  std::string shelf;
  std::int64_t count = 0;
  ANNALS_ROW(Moody, "moody", (shelf), count);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) {
    if (failures-- > 0) throw std::runtime_error("not now");
    count += e.count;
  }
};
struct MoodyStock {
  static constexpr auto name = "moody_stock";
  static constexpr int version = 1;
  static constexpr auto on_failure = OnFailure::park;
  using Tables = annals::Tables<Moody>;
};

TEST_F(ParkedTest, AFoldThatFailsOnlyForAWhileIsNotParked) {
  failures = 2;
  ProjectionRunner runner(events(), rows(), {.tries_max = 3, .retry_first = milliseconds(1)});
  ASSERT_TRUE(runner.add<MoodyStock>());
  expect_reached(runner, "moody_stock", append(events(), GoodsArrived{"a", 1}).last_position);
  EXPECT_TRUE(parked_in(rows()).empty());
  EXPECT_EQ(all_rows<Moody>(rows()).at(0).count, 1);
  EXPECT_LE(failures, 0);
}

TEST_F(ParkedTest, AnEventWhoseKeysCannotBeToldHalts) {
  project();
  append(events(), GoodsArrived{"a", 1});
  append(events(), GoodsMoved{"a", "b", "nobody", 1});
  const auto stuck = runner_->wait("delicate_stock", GlobalPosition{2}, patience);
  ASSERT_FALSE(stuck);
  EXPECT_NE(stuck.error().message.find("keys of table delicate threw"), std::string::npos)
      << stuck.error().message;
  EXPECT_EQ(record_of(rows(), "delicate_stock").position(), GlobalPosition{1});
  EXPECT_TRUE(parked_in(rows()).empty());
}

struct ParkedRatios {
  static constexpr auto name = "ratios";
  static constexpr int version = 1;
  static constexpr auto on_failure = OnFailure::park;
  using Tables = annals::Tables<Ratio>;
};

TEST_F(ParkedTest, ARowThatNoColumnCanHoldIsParked) {
  ProjectionRunner runner(events(), rows(), impatient());
  ASSERT_TRUE(runner.add<ParkedRatios>());
  const auto receipt = append(events(), GoodsArrived{"a", 0}, GoodsArrived{"b", 2});
  expect_reached(runner, "ratios", receipt.last_position);
  const auto parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].row.key, "a");
  EXPECT_NE(parked[0].failure.find("column ratio"), std::string::npos) << parked[0].failure;
  EXPECT_EQ(all_rows<Ratio>(rows()).size(), 1U);
}

/// DelicateStock as another release declares it.
struct HaltingStock {
  static constexpr auto name = "delicate_stock";
  static constexpr int version = 1;
  using Tables = annals::Tables<Delicate, Handling>;
};

TEST_F(ParkedTest, WhatIsParkedStaysSoInTheNextProcessEvenIfItHaltsFromNowOn) {
  project();
  append_and_reach(GoodsMoved{"a", "b", "Ada", 7});
  runner_.reset();
  runner_ = std::make_unique<ProjectionRunner>(events(), rows(), impatient());
  ASSERT_TRUE(runner_->add<HaltingStock>());
  append_and_reach(GoodsArrived{"a", 1}, GoodsArrived{"b", 1});
  ASSERT_EQ(parked_in(rows()).size(), 1U);
  EXPECT_EQ(parked_in(rows())[0].events, 2U);
  append(events(), GoodsMoved{"b", "a", "Bob", 7});
  EXPECT_FALSE(runner_->wait("delicate_stock", events().head().position, patience));
  EXPECT_EQ(parked_in(rows()).size(), 1U);
}

TEST_F(ParkedTest, BeyondTheLimitOfKeysItHaltsAndGoesOnOnceThereIsRoom) {
  RunnerOptions options = impatient();
  options.parked_limits = {.keys = 2, .events = 100};
  project(options);
  append_and_reach(GoodsMoved{"a", "x", "Ada", 7}, GoodsMoved{"b", "x", "Ada", 7});
  append_and_reach(GoodsArrived{"c", 1});
  append(events(), GoodsMoved{"c", "x", "Ada", 7});
  const auto stuck = runner_->wait("delicate_stock", GlobalPosition{4}, patience);
  ASSERT_FALSE(stuck);
  for (const char* part : {"may park 2 keys", "position 4", "breaks under Ada", "resume"}) {
    EXPECT_NE(stuck.error().message.find(part), std::string::npos) << stuck.error().message;
  }
  EXPECT_EQ(record_of(rows(), "delicate_stock").position(), GlobalPosition{3});
  EXPECT_EQ(parked_in(rows()).size(), 2U);
  ASSERT_TRUE(runner_->skip_parked("delicate_stock", shelf_a));
  ASSERT_TRUE(runner_->retry("delicate_stock"));
  expect_reached(*runner_, "delicate_stock", GlobalPosition{4});
  const auto parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 2U);
  EXPECT_EQ(parked[1].row.key, "c");
}

TEST_F(ParkedTest, BeyondTheLimitOfEventsItHaltsRightBeforeTheOneThatHasNoRoom) {
  RunnerOptions options = impatient();
  options.parked_limits = {.keys = 10, .events = 3};
  project(options);
  append_and_reach(GoodsMoved{"a", "x", "Ada", 7}, GoodsArrived{"a", 1});
  append(events(), GoodsArrived{"a", 1});
  append(events(), GoodsArrived{"b", 1});
  append(events(), GoodsArrived{"a", 1});
  const auto stuck = runner_->wait("delicate_stock", GlobalPosition{5}, patience);
  ASSERT_FALSE(stuck);
  EXPECT_NE(stuck.error().message.find("may park 3 events"), std::string::npos)
      << stuck.error().message;
  EXPECT_EQ(record_of(rows(), "delicate_stock").position(), GlobalPosition{4});
}

TEST_F(ParkedTest, AWishFromOutsideIsDoneByWhoeverProjects) {
  project();
  append_and_reach(GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1});
  Delicate::breaks_at = -1;
  ASSERT_TRUE(rows().wish_parked("delicate_stock", ParkedRow{"", "a"}, ParkedWish::retry));
  wait_for_wishes();
  EXPECT_EQ(count_of("a"), -6);
  EXPECT_TRUE(parked_in(rows()).empty());
}

TEST_F(ParkedTest, IfNobodyProjectsWishesAreDoneByWhoeverAsks) {
  project();
  append_and_reach(GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1});
  Delicate::breaks_at = -1;
  const auto& type = projection_type_of<DelicateStock>();
  runner_->stop();
  append(events(), GoodsArrived{"b", 1});
  ASSERT_TRUE(rows().wish_parked("delicate_stock", {}, ParkedWish::retry));
  const Holder other{.host = "elsewhere", .pid = 1, .started = 1, .runner = "another"};
  const auto held = rows().claim(type, Partition{}, other, std::chrono::hours(1));
  ASSERT_TRUE(held) << to_string(held.error());
  const auto refused = settle_parked(events(), rows(), type);
  ASSERT_FALSE(refused) << "somebody projects it";
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  ASSERT_TRUE(rows().release(*held));
  const auto settled = settle_parked(events(), rows(), type);
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_EQ(count_of("a"), -6);
  EXPECT_EQ(record_of(rows(), "delicate_stock").position(), GlobalPosition{2})
      << "nothing else is projected";
  EXPECT_FALSE(record_of(rows(), "delicate_stock").holder);
}

TEST_F(ParkedTest, WhoCannotReadTheRecordItHasClaimedDoesNotGoOnByWhatItKnewBefore) {
  Gate gate(rows(), [] {});
  RunnerOptions options = impatient();
  options.parked_limits = {.keys = 1, .events = 100};
  ProjectionRunner runner(events(), gate, options);
  ASSERT_TRUE(runner.add<DelicateStock>());
  append(events(), GoodsMoved{"a", "x", "Ada", 7});
  append(events(), GoodsMoved{"b", "x", "Ada", 7});
  ASSERT_FALSE(runner.wait("delicate_stock", GlobalPosition{2}, patience)) << "there is room for a";
  Delicate::breaks_at = -1;
  ASSERT_TRUE(rows().wish_parked("delicate_stock", {}, ParkedWish::retry));
  const auto settled = settle_parked(events(), rows(), projection_type_of<DelicateStock>());
  ASSERT_TRUE(settled) << to_string(settled.error());
  ASSERT_TRUE(parked_in(rows()).empty());
  gate.fail_next_renew();
  ASSERT_TRUE(runner.retry("delicate_stock"));
  expect_reached(runner, "delicate_stock", append(events(), GoodsArrived{"a", 5}).last_position);
  EXPECT_EQ(count_of("a"), -2) << "a is parked no more, and its event is none that waits";
}

TEST_F(ParkedTest, AZombieParksNothing) {
  append(events(), GoodsMoved{"a", "b", "Ada", 7});
  const Holder successor{.host = "elsewhere", .pid = 1, .started = 1, .runner = "the successor"};
  std::atomic<bool> taken = false;
  Gate gate(rows(), [&] {
    // Frozen for longer than its lease.
    std::this_thread::sleep_for(milliseconds(30));
    taken = rows()
                .claim(projection_type_of<DelicateStock>(), Partition{}, successor,
                       std::chrono::hours(1))
                .has_value();
  });
  RunnerOptions options = impatient();
  options.lease = milliseconds(10);
  ProjectionRunner zombie(events(), gate, options);
  ASSERT_TRUE(zombie.add<DelicateStock>());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (zombie.status("delicate_stock")->fenced == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_TRUE(taken);
  EXPECT_EQ(zombie.status("delicate_stock")->fenced, 1U);
  EXPECT_TRUE(parked_in(rows()).empty());
  EXPECT_TRUE(all_rows<Delicate>(rows()).empty());
}

TEST_F(ParkedTest, ARebuildParksOnItsOwnAndItsSwapReplacesWhatWasParked) {
  project();
  append_and_reach(GoodsArrived{"a", 100}, GoodsMoved{"a", "b", "Ada", 7},
                   GoodsMoved{"c", "b", "Bob", 8}, GoodsArrived{"c", 1});
  runner_->stop();
  Delicate::breaks_at = 8;  // What failed is mended, and something else is broken.
  auto rebuilt = rebuild(events(), rows(), projection_type_of<DelicateStock>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_EQ(rebuilt->parked_keys, 1U);
  const auto parked = parked_in(rows());
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].row.key, "c");
  EXPECT_EQ(parked[0].events, 2U);
  EXPECT_EQ(count_of("a"), 93);
  project();
  append_and_reach(GoodsArrived{"c", 1}, GoodsArrived{"a", 1});
  EXPECT_EQ(parked_in(rows())[0].events, 3U);
  EXPECT_EQ(count_of("a"), 94);
}

TEST_F(ParkedTest, WhatARebuildHasParkedGoesToThePartitionsOfItsKeys) {
  append(events(), GoodsMoved{"a", "x", "Ada", 7}, GoodsMoved{"b", "x", "Ada", 7},
         GoodsMoved{"c", "x", "Ada", 7}, GoodsMoved{"d", "x", "Ada", 7});
  RebuildOptions options;
  options.partitions = 3;
  auto rebuilt = rebuild(events(), rows(), projection_type_of<DelicateStock>(), options);
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_EQ(rebuilt->parked_keys, 4U);
  project(impatient(), 3);
  append_and_reach(GoodsArrived{"a", 1}, GoodsArrived{"b", 1}, GoodsArrived{"c", 1},
                   GoodsArrived{"d", 1});
  EXPECT_EQ(runner_->status("delicate_stock")->parked_keys, 4U);
  EXPECT_EQ(runner_->status("delicate_stock")->parked_events, 8U);
  runner_->stop();
  Delicate::breaks_at = -1;
  ASSERT_TRUE(rows().wish_parked("delicate_stock", {}, ParkedWish::retry));
  const auto settled = settle_parked(events(), rows(), projection_type_of<DelicateStock>());
  ASSERT_TRUE(settled) << to_string(settled.error());
  EXPECT_TRUE(parked_in(rows()).empty());
  for (const char* shelf : {"a", "b", "c", "d"}) EXPECT_EQ(count_of(shelf), -6);
}

TEST_F(ParkedTest, AReadModelAsOfACutParksAsWell) {
  append(events(), GoodsArrived{"a", 100}, GoodsMoved{"a", "b", "Ada", 7}, GoodsArrived{"a", 1});
  const auto scratch = open_rows();
  const auto& type = projection_type_of<DelicateStock>();
  auto cut = project_as_of(events(), *scratch, type, {.as_of = AsOf::position({2})});
  ASSERT_TRUE(cut) << to_string(cut.error());
  ASSERT_EQ(parked_in(*scratch).size(), 1U);
  EXPECT_EQ(parked_in(*scratch)[0].events, 1U);
  cut = project_as_of(events(), *scratch, type, {.as_of = AsOf::head()});
  ASSERT_TRUE(cut) << "folded on: " << to_string(cut.error());
  EXPECT_EQ(parked_in(*scratch)[0].events, 2U);
  EXPECT_EQ(all_rows<Delicate>(*scratch).size(), 2U);
}

// Whatever fails, is retried, skipped or begun anew: rows and queues are those of a plain fold, and
// once all is mended and retried nothing is missing.
TEST_F(ParkedTest, UnderRandomFailuresEachKeyKeepsItsOrder) {
  const std::uint64_t seed = testkit::seed(52);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 8 && !HasFailure(); ++round) {
    const bool with_skips = round % 2 == 1;
    runner_.reset();
    events_ = make_memory_event_store({});
    rows_ = open_rows();
    RunnerOptions options = impatient();
    options.batch_events = random() % 2 == 0 ? 4096 : 3;
    PlainDelicate plain;
    PlainDelicate whole;  // As if nothing had ever failed.
    const auto partitions = static_cast<std::uint32_t>(round % 3 + 1);
    project(options, partitions);
    std::uint64_t position = 0;
    const auto shelf = [&] { return std::string(1, static_cast<char>('a' + random() % 6)); };
    const auto add = [&](AppendRequest& request, auto event) {
      request.events.push_back(written(event));
      plain.fold(++position, event);
      const std::int64_t breaks_at = Delicate::breaks_at.exchange(-1);
      whole.fold(position, event);
      Delicate::breaks_at = breaks_at;
    };
    for (int step = 0; step < 30 && !HasFailure(); ++step) {
      AppendRequest request;
      request.checks = {{"warehouse-1", ExpectedVersion::any()}};
      // While the projector has nothing to do the fold breaks at something else from now on.
      Delicate::breaks_at = static_cast<std::int64_t>(random() % 12) - 1;
      for (std::uint64_t i = random() % 12 + 1; i > 0; --i) {
        switch (random() % 8) {
          case 0: add(request, ShelfCleared{shelf()}); break;
          case 1: add(request, GoodsArrived{shelf(), 50}); break;
          default:
            add(request, GoodsMoved{shelf(), shelf(), random() % 2 == 0 ? "Ada" : "Bob",
                                    static_cast<std::int64_t>(random() % 100)});
        }
      }
      ASSERT_TRUE(events().append(std::move(request)));
      expect_reached(*runner_, "delicate_stock", events().head().position);
      plain.expect_in(rows());
      const auto parked = plain.parked();
      if (!parked.empty() && random() % 2 == 0) {
        const std::string& key = parked[random() % parked.size()];
        const ParkedRow row{"delicate", key};
        if (with_skips && random() % 3 == 0) {
          plain.skip(key);
          ASSERT_TRUE(runner_->skip_parked("delicate_stock", row));
        } else {
          plain.retry(key);
          ASSERT_TRUE(runner_->retry_parked("delicate_stock", row));
        }
        wait_for_wishes();
        plain.expect_in(rows());
      }
      if (random() % 8 == 0) project(options, partitions);
    }
    Delicate::breaks_at = -1;
    for (const std::string& key : plain.parked()) plain.retry(key);
    retry();
    plain.expect_in(rows());
    EXPECT_TRUE(parked_in(rows()).empty());
    if (!with_skips) whole.expect_in(rows());
    EXPECT_EQ(record_of(rows(), "delicate_stock").failure, "");
    if (HasFailure()) ADD_FAILURE() << "seed " << seed << ", round " << round;
  }
}

}  // namespace
}  // namespace annals::warehouse
