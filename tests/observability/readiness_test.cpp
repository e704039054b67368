// Who is ready, and who says why he is not.

#include <atomic>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/observability/observability.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>

#include "projection_metrics.hpp"
#include "till.hpp"

namespace annals::observability_test {
namespace {

using ShopReadiness = Shop;

std::string why_not(const Observability& observability) {
  std::string why;
  for (const auto& check : observability.readiness().checks) {
    if (!check.why.empty()) why += check.name + ' ' + check.why + '\n';
  }
  return why;
}

TEST_F(ShopReadiness, AllThatIsWatchedAndAtWorkIsReady) {
  project();
  Observability observability;
  observability.watch(*store_).watch(*bus_).watch(*queries_).watch(*runner_);
  ring_up(1);
  expect_projected();
  EXPECT_TRUE(observability.readiness().ready());
  EXPECT_EQ(readiness_json(observability.readiness()),
            R"({"ready":true,"checks":[{"name":"store main","ready":true},)"
            R"({"name":"projections main","ready":true}]})");
}

TEST_F(ShopReadiness, AProjectionThatHasHaltedIsNotAndSaysWhere) {
  project();
  Observability observability;
  observability.watch(*runner_);
  halt_projection();
  EXPECT_FALSE(observability.readiness().ready());
  const std::string why = why_not(observability);
  EXPECT_NE(why.find("projections main projection tills has halted: "), std::string::npos) << why;
  EXPECT_NE(why.find("position 1"), std::string::npos) << why;
  EXPECT_NE(why.find("unlucky"), std::string::npos) << why;
}

TEST_F(ShopReadiness, AProjectionBehindTheBoundIsNotAndSaysHowFar) {
  project();
  ring_up(1);
  expect_projected();
  Observability strict({.lag_events_max = 2});
  Observability usual;
  strict.watch(*runner_);
  usual.watch(*runner_);
  pause_projection();
  ring_up(1);
  ring_up(1);
  EXPECT_TRUE(strict.readiness().ready());
  ring_up(1);
  EXPECT_EQ(why_not(strict),
            "projections main projection tills is behind by 3 events; 2 are allowed (paused)\n");
  EXPECT_TRUE(usual.readiness().ready()) << "three events, and not for long";
  ASSERT_TRUE(rows_->set_paused("tills", false));
}

/// A store that is far away: what is asked of it fails while it is not reached.
class DistantSource final : public EventSource {
 public:
  explicit DistantSource(const EventStore& store) : store_(store) {}
  void set_reached(bool reached) { reached_ = reached; }
  /// Whether it tells since when events wait, if it is reached.
  void set_dated(bool dated) { dated_ = dated; }

  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    if (!reached_) return not_reached();
    return store_.subscribe(std::move(options));
  }
  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    if (!reached_) return not_reached();
    return store_.resume(checkpoint);
  }
  Head head() const override { return reached_ ? store_.head() : Head{}; }
  Result<std::optional<Timestamp>> waiting_since(GlobalPosition position) const override {
    if (!reached_ || !dated_) return not_reached();
    return store_.waiting_since(position);
  }
  Result<RecordedEvents> find(const Query& query,
                              std::span<const GlobalPosition> positions) const override {
    return store_.find(query, positions);
  }

 private:
  static Error not_reached() {
    return {.code = ErrorCode::unavailable, .message = "nobody answers there"};
  }

  const EventStore& store_;
  std::atomic<bool> reached_ = false;
  std::atomic<bool> dated_ = true;
};

TEST_F(ShopReadiness, AProjectionWhoseSourceWasNeverSeenIsNotAfterAWhileAndSaysWhy) {
  ring_up(1);
  DistantSource source(*store_);
  runner_ = std::make_unique<ProjectionRunner>(source, *rows_);
  ASSERT_TRUE(runner_->add<Tills>());
  Observability strict({.lag_max = std::chrono::milliseconds(0)});
  strict.watch(*runner_);
  EXPECT_EQ(why_not(strict),
            "projections main projection tills has been held up for 0 s; 0 s are allowed "
            "(retrying: nobody answers there)\n");
  source.set_reached(true);
  expect_projected();
  EXPECT_EQ(why_not(strict), "");
  EXPECT_EQ(runner_->status("tills")->held_up.count(), 0);
  runner_.reset();  // Before its source.
}

TEST_F(ShopReadiness, AProjectionThatCannotReachItsSourceAgainDoesNotStandBy) {
  ring_up(1);
  project();
  expect_projected();
  runner_.reset();
  const DistantSource source(*store_);
  runner_ = std::make_unique<ProjectionRunner>(source, *rows_);
  ASSERT_TRUE(runner_->add<Tills>());
  const ProjectionStatus status = *runner_->status("tills");
  EXPECT_EQ(status.activity, ProjectionActivity::retrying) << to_string(status.activity);
  EXPECT_EQ(status.last_error, "nobody answers there");
  EXPECT_EQ(status.position, GlobalPosition{1}) << "its rows are there";
  EXPECT_GT(status.held_up.count(), 0);
  runner_.reset();
}

TEST_F(ShopReadiness, AProjectionIsHeldUpNoLongerThanTheBound) {
  const ObservabilityOptions options{.lag_max = std::chrono::seconds(60)};
  std::vector<ProjectionStatus> statuses(1);
  statuses[0].projection = "tills";
  statuses[0].held_up = std::chrono::seconds(60);
  EXPECT_TRUE(internal::check_projections(statuses, options));
  statuses[0].held_up += std::chrono::seconds(15);
  const auto late = internal::check_projections(statuses, options);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message,
            "projection tills has been held up for 75 s; 60 s are allowed (starting)");
}

TEST_F(ShopReadiness, AProjectionWhoseLagIsNotKnownIsNotAndNoLagIsExposed) {
  DistantSource source(*store_);
  source.set_reached(true);
  runner_ = std::make_unique<ProjectionRunner>(source, *rows_);
  ASSERT_TRUE(runner_->add<Tills>());
  ring_up(1);
  expect_projected();
  pause_projection();
  ring_up(1);
  source.set_dated(false);
  Observability observability;
  observability.watch(*runner_);
  EXPECT_EQ(why_not(observability),
            "projections main projection tills is behind by at least 1 events, for how long is not "
            "known: "
            "nobody answers there\n");
  EXPECT_EQ(observability.metrics().find("annals_projection_lag_seconds{"), std::string::npos);
  source.set_dated(true);
  EXPECT_NE(observability.metrics().find("annals_projection_lag_seconds{"), std::string::npos);
  runner_.reset();
}

TEST_F(ShopReadiness, LagInTimeIsBoundedToo) {
  const ObservabilityOptions options{.lag_max = std::chrono::seconds(2)};
  EXPECT_TRUE(check_lag(options, std::chrono::seconds(2), 5));
  const auto late = check_lag(options, std::chrono::milliseconds(3'500), 5);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "is behind by 3 s and 5 events; 2 s are allowed");
}

TEST(Lag, IsTheAgeOfTheOldestEventThatIsNotDealtWith) {
  const auto clock = std::make_shared<testkit::ManualClock>();
  const auto store = make_memory_event_store({.clock = clock});
  ASSERT_TRUE(store->append(testkit::append_of({testkit::event_on("a-1")})));
  clock->advance(std::chrono::seconds(3));
  ASSERT_TRUE(store->append(testkit::append_of({testkit::event_on("a-1")})));
  clock->advance(std::chrono::seconds(1));
  const auto lag = [&](std::uint64_t position) {
    return *lag_after(*store, {position}, clock->now());
  };
  EXPECT_EQ(lag(0), std::chrono::seconds(4));
  EXPECT_EQ(lag(1), std::chrono::seconds(1));
  EXPECT_EQ(lag(2), std::chrono::seconds(0)) << "at the head";
  clock->advance(-std::chrono::hours(1));
  EXPECT_EQ(lag(0), std::chrono::seconds(0)) << "a clock that was set back makes nobody early";
}

TEST_F(ShopReadiness, ARunnerThatWasStoppedIsNot) {
  project();
  Observability observability;
  observability.watch(*runner_);
  runner_->stop();
  EXPECT_EQ(why_not(observability), "projections main projection tills has stopped\n");
}

TEST(StoreReadiness, AStoreWhoseWritingHasEndedIsNotAndItsMetricsSaySo) {
  auto disk = std::make_shared<testkit::FaultFileSystem>();
  auto store = open_log_event_store({.path = "store", .files = disk});
  ASSERT_TRUE(store) << to_string(store.error());
  Observability observability;
  observability.watch(**store);
  EXPECT_TRUE(observability.readiness().ready());
  disk->fail_sync(1);
  ASSERT_FALSE((*store)->append(testkit::append_of({testkit::event_on("a-1")})));
  EXPECT_FALSE(observability.readiness().ready());
  EXPECT_EQ(why_not(observability), "store main " + (*store)->stats().failure + '\n');
  EXPECT_NE(observability.metrics().find("annals_store_failed{store=\"main\"} 1\n"),
            std::string::npos);
}

TEST(Readiness, IsThatOfEveryCheckAndWhatOneThrowsIsWhy) {
  Observability observability;
  EXPECT_TRUE(observability.readiness().ready()) << "of nothing";
  observability.add_check("good", [] { return Result<void>(); });
  observability.add_check("odd \"one\"",
                          []() -> Result<void> { throw std::runtime_error("a\nb\xFF"); });
  EXPECT_FALSE(observability.readiness().ready());
  EXPECT_EQ(readiness_json(observability.readiness()),
            "{\"ready\":false,\"checks\":[{\"name\":\"good\",\"ready\":true},"
            "{\"name\":\"odd \\\"one\\\"\",\"ready\":false,\"why\":\"the check threw: "
            "a\\nb\uFFFD\"}]}");
}

}  // namespace
}  // namespace annals::observability_test
