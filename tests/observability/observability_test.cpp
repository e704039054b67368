// What is told of stores, buses and projections is what they say themselves.

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include <annals/observability/observability.hpp>
#include <annals/testkit/requests.hpp>

#include "exposition.hpp"
#include "till.hpp"

namespace annals::observability_test {
namespace {

class WatchedShop : public Shop {
 protected:
  Exposition scrape() const { return Exposition(observability_.metrics()); }

  Observability observability_;
};

TEST_F(WatchedShop, TheStoresMetricsAreItsStats) {
  observability_.watch(*store_);
  ring_up(5);
  ring_up(7, "2");
  const auto again = testkit::append_of({testkit::event_on("other-1")});
  AppendRequest repeated = again;
  repeated.id = new_append_id();
  ASSERT_TRUE(store_->append(repeated));
  ASSERT_TRUE(store_->append(repeated)) << "a repeat";
  AppendRequest refused = again;
  refused.checks = {{"other-1", ExpectedVersion::no_stream()}};
  ASSERT_FALSE(store_->append(refused));

  const Exposition read = scrape();
  const Stats stats = store_->stats();
  const Labels main{{"store", "main"}};
  EXPECT_EQ(read.value("annals_store_head_position", main), stats.head.position.value);
  EXPECT_EQ(stats.head.position.value, 3U);
  EXPECT_EQ(read.value("annals_store_era", main), stats.eras.back().era.value);
  EXPECT_EQ(read.value("annals_store_streams", main), stats.streams);
  EXPECT_EQ(read.value("annals_store_appends", main), stats.appends);
  EXPECT_EQ(read.value("annals_store_bytes", main), stats.bytes);
  EXPECT_EQ(read.value("annals_store_segments", main), stats.segments);
  EXPECT_EQ(read.value("annals_store_groups_synced_total", main), stats.groups_synced);
  EXPECT_EQ(read.value("annals_store_appends_synced_total", main), stats.appends_synced);
  EXPECT_EQ(read.value("annals_store_appends_repeated_total", main), 1);
  EXPECT_EQ(read.value("annals_store_appends_refused_total", main), 1);
  EXPECT_EQ(read.value("annals_store_failed", main), 0);
  EXPECT_DOUBLE_EQ(
      read.value("annals_store_last_recorded_timestamp_seconds", main),
      std::chrono::duration<double>(stats.last_recorded_at.time_since_epoch()).count());
  EXPECT_EQ(read.value("annals_store_info", {{"store", "main"},
                                             {"engine", "memory"},
                                             {"durability", stats.durability},
                                             {"store_id", to_string(stats.store)}}),
            1);
}

TEST_F(WatchedShop, TheBusesMetricsAreItsStatsAndTimesByCommandAndOutcome) {
  observability_.watch(*bus_);
  ring_up(5);
  ring_up(6);
  ring_up(0);
  ASSERT_FALSE(bus_->send("1", RingUp{-1})) << "rejected";
  ASSERT_FALSE(bus_->send("", RingUp{1})) << "it has no target";
  bus_->send_async("2", RingUp{8}, {}, [](const auto&) {});
  bus_->wait_idle();

  const Exposition read = scrape();
  const BusStats stats = bus_->stats();
  const auto answered = [&](const char* outcome) {
    return read.value("annals_commands_total", {{"bus", "main"}, {"outcome", outcome}});
  };
  EXPECT_EQ(answered("accepted"), stats.accepted);
  EXPECT_EQ(stats.accepted, 3U);
  EXPECT_EQ(answered("no_events"), stats.no_events);
  EXPECT_EQ(answered("repeated"), stats.repeated);
  EXPECT_EQ(answered("rejected"), stats.rejected);
  EXPECT_EQ(answered("failed"), stats.failed);
  EXPECT_EQ(read.value("annals_commands_sent_total", {{"bus", "main"}}), 6);
  EXPECT_EQ(read.value("annals_state_loads_total", {{"bus", "main"}}), stats.loads.loads);
  EXPECT_EQ(read.value("annals_command_states_cached", {{"bus", "main"}}), stats.cached_states);

  const auto timed = [&](const char* outcome) {
    return read.value("annals_command_duration_seconds_count",
                      {{"bus", "main"}, {"command", "ring_up"}, {"outcome", outcome}});
  };
  EXPECT_EQ(timed("accepted"), 3);
  EXPECT_EQ(timed("no_events"), 1);
  EXPECT_EQ(timed("rejected"), 1);
}

TEST_F(WatchedShop, ConflictsOfCommandsAreRetries) {
  observability_.watch(*bus_);
  while_deciding = [&] {
    CommandBus other(*store_);
    other.add<Till>();
    EXPECT_TRUE(other.send("1", RingUp{1}));
  };
  ring_up(1);
  EXPECT_EQ(bus_->stats().conflicts, 1U);
  EXPECT_EQ(scrape().value("annals_command_retries_total", {{"bus", "main"}}), 1);
}

TEST_F(WatchedShop, AppendsOfAMeasuredStoreAreTimedByWhatCameOfThem) {
  const auto measured = observability_.measured(*store_);
  AppendRequest request = testkit::append_of({testkit::event_on("a-1")});
  request.id = new_append_id();
  ASSERT_TRUE(measured->append(request));
  ASSERT_TRUE(measured->append(request)->repeated);
  AppendRequest refused = testkit::append_of({testkit::event_on("a-1")});
  refused.checks = {{"a-1", ExpectedVersion::no_stream()}};
  ASSERT_FALSE(measured->append(refused));
  ASSERT_FALSE(measured->append(testkit::append_of({testkit::event_on("")})));
  std::promise<Result<Receipt>> answered;
  measured->append_async(testkit::append_of({testkit::event_on("a-2")}),
                         [&](Result<Receipt> receipt) { answered.set_value(std::move(receipt)); });
  ASSERT_TRUE(answered.get_future().get());
  EXPECT_EQ(measured->head(), store_->head());

  const Exposition read = scrape();
  const auto timed = [&](const char* outcome) {
    return read.value("annals_append_duration_seconds_count",
                      {{"store", "main"}, {"outcome", outcome}});
  };
  EXPECT_EQ(timed("written"), 2);
  EXPECT_EQ(timed("repeated"), 1);
  EXPECT_EQ(timed("refused"), 1);
  EXPECT_EQ(timed("failed"), 1);
}

TEST_F(WatchedShop, ProjectionsMetricsAreTheirStatusPartByPart) {
  measured_rows_ = observability_.measured(*rows_);
  runner_ = std::make_unique<ProjectionRunner>(*store_, *measured_rows_);
  ASSERT_TRUE(runner_->add<Tills>(2));
  observability_.watch(*runner_);
  for (int i = 0; i < 20; ++i) ring_up(1, std::to_string(i));
  expect_projected();

  const ProjectionStatus status = *runner_->status("tills");
  const Exposition read = scrape();
  const Labels main{{"runner", "main"}, {"projection", "tills"}};
  EXPECT_EQ(read.value("annals_projection_position", main), 20);
  EXPECT_EQ(read.value("annals_projection_head_position", main), status.head.value);
  EXPECT_EQ(read.value("annals_projection_lag_events", main), 0);
  EXPECT_EQ(read.value("annals_projection_lag_seconds", main), 0);
  EXPECT_EQ(read.value("annals_projection_events_applied_total", main), status.events_applied);
  EXPECT_EQ(status.events_applied, 20U);
  EXPECT_EQ(read.value("annals_projection_fenced_commits_total", main), status.fenced);
  EXPECT_EQ(read.value("annals_projection_retries_total", main), status.retries);
  EXPECT_EQ(read.value("annals_projection_epoch", main), status.epoch);
  EXPECT_EQ(read.value("annals_projection_parked_keys", main), 0);
  EXPECT_EQ(read.value("annals_projection_parked_events", main), 0);
  ASSERT_EQ(status.partitions.size(), 2U);
  for (const PartitionStatus& partition : status.partitions) {
    Labels labels = main;
    labels["partition"] = std::to_string(partition.partition.index);
    EXPECT_EQ(read.value("annals_projection_partition_position", labels), 20);
    EXPECT_EQ(read.value("annals_projection_partition_epoch", labels), partition.epoch);
    labels["activity"] = "live";
    EXPECT_EQ(read.value("annals_projection_partition_activity", labels), 1);
    labels["activity"] = "halted";
    EXPECT_EQ(read.value("annals_projection_partition_activity", labels), 0);
  }
  EXPECT_GE(
      read.value("annals_projection_commit_duration_seconds_count",
                 {{"read_models", "main"}, {"projection", "tills"}, {"outcome", "committed"}}),
      2);
}

TEST_F(WatchedShop, AProjectionThatFailsShowsItsRetriesAndThatItHasHalted) {
  project();
  observability_.watch(*runner_);
  ring_up(1);
  halt_projection();
  const ProjectionStatus status = *runner_->status("tills");
  EXPECT_EQ(status.retries, 3U) << "once to take appends one by one, and two of three tries";
  const Exposition read = scrape();
  const Labels main{{"runner", "main"}, {"projection", "tills"}};
  EXPECT_EQ(read.value("annals_projection_retries_total", main), 3);
  EXPECT_EQ(read.value("annals_projection_lag_events", main), 1);
  EXPECT_GT(read.value("annals_projection_lag_seconds", main), 0);
  Labels halted = main;
  halted["activity"] = "halted";
  EXPECT_EQ(read.value("annals_projection_activity", halted), 1);
}

TEST_F(WatchedShop, QueriesMetricsAreTheirStatsAndTimesByQueryAndConsistency) {
  observability_.watch(*queries_);
  project();
  const Receipt receipt = ring_up(5);
  ASSERT_TRUE(queries_->ask(TillOf{"1"}, Consistency::at_least(receipt.token(), patience)));
  ASSERT_TRUE(queries_->ask(TillOf{"1"}, Consistency::eventual()));
  ASSERT_TRUE(queries_->ask(TillOf{"1"}, Consistency::eventual()));
  runner_->stop();
  const Token later = ring_up(6).token();
  const auto brief = std::chrono::milliseconds(1);
  ASSERT_FALSE(queries_->ask(TillOf{"1"}, Consistency::at_least(later, brief)));
  ASSERT_TRUE(queries_->ask(TillOf{"1"}, Consistency::strong(brief).or_stale())->stale);

  const Exposition read = scrape();
  const QueryStats stats = queries_->stats();
  const Labels main{{"bus", "main"}};
  EXPECT_EQ(read.value("annals_queries_answered_total", main), stats.answered);
  EXPECT_EQ(stats.answered, 4U);
  EXPECT_EQ(read.value("annals_queries_waited_total", main), stats.waited);
  EXPECT_EQ(read.value("annals_queries_timed_out_total", main), stats.timed_out);
  EXPECT_GT(stats.timed_out, 0U);
  EXPECT_EQ(read.value("annals_query_cuts_folded_total", main), stats.cuts_folded);
  EXPECT_EQ(read.value("annals_query_cuts_found_total", main), stats.cuts_found);
  const auto timed = [&](const char* consistency, const char* outcome) {
    return read.value(
        "annals_query_duration_seconds_count",
        {{"bus", "main"}, {"query", "TillOf"}, {"consistency", consistency}, {"outcome", outcome}});
  };
  EXPECT_EQ(timed("eventual", "answered"), 2);
  EXPECT_EQ(timed("at_least", "answered"), 1);
  EXPECT_EQ(timed("at_least", "failed"), 1);
  EXPECT_EQ(timed("strong", "stale"), 1);
}

TEST_F(WatchedShop, ThingsOfOneNameAreToldApartByNumbers) {
  const auto second = make_memory_event_store();
  const auto third = make_memory_event_store();
  observability_.watch(*store_, "ledger").watch(*second, "ledger").watch(*third, "ledger");
  ring_up(1);
  const Exposition read = scrape();
  EXPECT_EQ(read.value("annals_store_head_position", {{"store", "ledger"}}), 1);
  EXPECT_EQ(read.value("annals_store_head_position", {{"store", "ledger_2"}}), 0);
  EXPECT_EQ(read.value("annals_store_head_position", {{"store", "ledger_3"}}), 0);
}

TEST_F(WatchedShop, ASourceThatThrowsIsLeftOutWholeAndCounted) {
  constexpr MetricFamily<0> half{"half_done", MetricType::gauge, "Of a source that throws", {}};
  constexpr MetricFamily<0> own{"own_things", MetricType::gauge, "Of the program", {}};
  observability_.watch(*store_);
  observability_.add([&](MetricsText& text) {
    text.add(half, {}, 1.0);
    throw std::runtime_error("halfway");
  });
  observability_.add([&](MetricsText& text) { text.add(own, {}, 2.0); });
  const Exposition read = scrape();
  EXPECT_FALSE(read.has("half_done", {}));
  EXPECT_EQ(read.value("own_things", {}), 2);
  EXPECT_EQ(read.value("annals_observability_failed_sources", {}), 1);
}

TEST_F(WatchedShop, MeasuringGoesOnWhenNobodyWatchesAnyMore) {
  std::unique_ptr<EventStore> measured;
  {
    Observability brief;
    brief.watch(*bus_).watch(*queries_);
    measured = brief.measured(*store_);
  }
  ring_up(1);
  ASSERT_TRUE(measured->append(testkit::append_of({testkit::event_on("a-1")})));
  EXPECT_FALSE(queries_->ask(TillOf{"1"}, Consistency::eventual())) << "nothing was projected";
}

TEST_F(WatchedShop, ScrapesWhileAllIsAtWorkSeeCountersThatOnlyGrow) {
  measured_rows_ = observability_.measured(*rows_);
  runner_ = std::make_unique<ProjectionRunner>(*store_, *measured_rows_);
  ASSERT_TRUE(runner_->add<Tills>(2));
  observability_.watch(*store_).watch(*bus_).watch(*queries_).watch(*runner_);
  std::atomic<bool> over = false;
  std::vector<std::thread> at_work;
  for (int t = 0; t < 2; ++t) {
    at_work.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        static_cast<void>(bus_->send(std::to_string((t + i) % 7), RingUp{1}));
        static_cast<void>(queries_->ask(TillOf{"1"}, Consistency::eventual()));
      }
      over = true;
    });
  }
  for (int t = 0; t < 2; ++t) {
    at_work.emplace_back([&] {
      std::map<std::string, std::map<Labels, double>> before;
      do {
        const Exposition read(observability_.metrics());
        EXPECT_TRUE(observability_.readiness().ready());
        for (const auto& [name, family] : read.families()) {
          if (family.type == "gauge") continue;
          for (const auto& [sample, series] : family.samples) {
            for (const auto& [labels, value] : series) {
              EXPECT_GE(value, before[sample][labels]) << sample;
              before[sample][labels] = value;
            }
          }
        }
      } while (!over);
    });
  }
  for (std::thread& thread : at_work) thread.join();
  EXPECT_EQ(scrape().value("annals_command_duration_seconds_count",
                           {{"bus", "main"}, {"command", "ring_up"}, {"outcome", "accepted"}}),
            400);
}

}  // namespace
}  // namespace annals::observability_test
