// Projections fed by all partitions of a topic: the same as from the log itself.

#include <annals/queries/query_bus.hpp>
#include <annals/queries/session.hpp>

#include "kafka/topic.hpp"
#include "published.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

class AllPartitions : public PublishedWarehouse {
 protected:
  // The same batches, whatever the source: end positions, links and every byte of every event.
  static void expect_events_of(EventStore& log, const EventSource& source,
                               const SubscriptionOptions& options) {
    auto expected = log.subscribe(options);
    auto actual = source.subscribe(options);
    ASSERT_TRUE(expected && actual);
    const GlobalPosition head = log.head().position;
    std::vector<RecordedEvents> wanted;
    for (GlobalPosition at; at < head;) {
      auto batch = (*expected)->next(milliseconds(100));
      ASSERT_TRUE(batch);
      wanted.push_back(batch->events);
      at = batch->complete_up_to;
    }
    std::size_t run = 0;
    std::size_t next = 0;
    GlobalPosition at;
    while (at < head) {
      auto batch = (*actual)->next(milliseconds(1'000));
      ASSERT_TRUE(batch) << to_string(batch.error());
      ASSERT_GE(batch->complete_up_to, at);
      if (batch->complete_up_to == at) continue;
      at = batch->complete_up_to;
      const auto append = log.append_holding(at);
      ASSERT_EQ(append->last(), at) << "a batch ends inside of an append";
      ASSERT_EQ(batch->link, append->link);
      ASSERT_EQ(batch->store, log.token().store);
      for (const RecordedEvent& event : batch->events) {
        while (run < wanted.size() && next == wanted[run].size()) {
          ++run;
          next = 0;
        }
        ASSERT_LT(run, wanted.size());
        const RecordedEvent& same = wanted[run][next++];
        ASSERT_EQ(event.position, same.position);
        ASSERT_EQ(event.stream, same.stream);
        ASSERT_EQ(event.version, same.version);
        ASSERT_EQ(event.data, same.data);
        ASSERT_EQ(event.recorded_at, same.recorded_at);
      }
    }
    while (run < wanted.size() && next == wanted[run].size()) {
      ++run;
      next = 0;
    }
    EXPECT_EQ(run, wanted.size()) << "events are missing";
  }
};

TEST_F(AllPartitions, GiveTheEventsOfTheLogInItsOrderWhateverTheirNumber) {
  grow(3'000);
  for (const std::uint32_t partitions : {1U, 3U, 12U}) {
    relay_options().topic = kafka_test::new_topic_name();
    relay_options().partitions = partitions;
    publish();
    const auto from_kafka = source();
    for (const std::size_t batch : {1U, 7U, 1'000U}) {
      expect_events_of(store(), *from_kafka, {.batch_events = batch});
    }
    EXPECT_EQ(from_kafka->status().repeated, 0U);
    const auto append = *store().append_holding({1'234});
    const Token token{store().token().store, store().token().era, append.last()};
    expect_events_of(store(), *from_kafka, {.after = Checkpoint{token, append.link}});
    expect_events_of(store(), *from_kafka, {.query = Query::type("goods_cursed")});
    expect_events_of(store(), *from_kafka, {.query = Query::stream("warehouse-7")});
    EXPECT_EQ(from_kafka->status().partitions.size(), partitions);
  }
}

TEST_F(AllPartitions, MakeTheRowsOfTheLogThroughStopsAndRepetitions) {
  relay_options().partitions = 3;
  relay_options().settings = {{"linger.ms", "0"}};
  const auto rows = open_rows();
  std::uint64_t repeated = 0;
  for (int round = 1; round <= 4; ++round) {
    const GlobalPosition head = grow(static_cast<std::uint64_t>(round) * 700);
    if (round == 3) {
      publish_again();
    } else {
      publish();
    }
    const auto from_kafka = source();
    ProjectionRunner runner(*from_kafka, *rows, {.batch_events = 50});
    ASSERT_TRUE((runner.add<Stock, Curses>()));
    expect_reached(runner, "stock", head);
    expect_reached(runner, "curses", head);
    runner.stop();
    repeated += from_kafka->status().repeated;
    expect_rows_of(store(), *rows);
    const CheckpointRecord record = record_of(*rows, "stock");
    EXPECT_EQ(record.position(), head);
    EXPECT_EQ(record.checkpoint->link, store().head().link);
    EXPECT_EQ(record.cursor.find("annals-kafka 1 "), 0U) << record.cursor;
    // Each begins at the place of the one before, not at the topic's beginning.
    if (round == 2 || round == 4) {
      EXPECT_LT(from_kafka->status().records, 2U * 1'500U);
    }
  }
  EXPECT_GT(repeated, 1'400U) << "the whole history came twice";
}

TEST_F(AllPartitions, GoOnWhereTheLogWasProjectedToAndBack) {
  relay_options().partitions = 3;
  const auto rows = open_rows();
  const auto project = [&](const EventSource& from) {
    ProjectionRunner runner(from, *rows);
    ASSERT_TRUE((runner.add<Stock, Curses>()));
    expect_reached(runner, "stock", store().head().position);
    expect_reached(runner, "curses", store().head().position);
  };
  grow(500);
  project(store());
  grow(1'000);
  publish();
  project(*source());
  grow(1'500);
  project(store());
  EXPECT_EQ(record_of(*rows, "stock").cursor, "");
  grow(2'000);
  publish();
  project(*source());
  expect_rows_of(store(), *rows);
}

TEST_F(AllPartitions, AreFollowedAsTheyGrow) {
  relay_options().partitions = 3;
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  const auto from_kafka = source();
  const auto rows = open_rows();
  ProjectionRunner runner(*from_kafka, *rows);
  ASSERT_TRUE((runner.add<Stock, Curses>()));
  for (std::uint64_t events = 100; events <= 1'000; events += 100) {
    const GlobalPosition head = grow(events);
    expect_reached(runner, "stock", head);
    expect_reached(runner, "curses", head);
    expect_rows_of(store(), *rows);
  }
  const auto status = *runner.status("stock");
  EXPECT_EQ(status.lag_events, 0U);
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

struct CountOf {
  std::string shelf;
  using Projection = Stock;
  Result<std::int64_t> answer(Rows& rows) const {
    auto row = rows.find<Shelf>(shelf);
    if (!row) return std::move(row).error();
    return *row ? (*row)->count : 0;
  }
};

// The writing service gives a token; the reading one has nothing but the topic and its tables.
TEST_F(AllPartitions, HonourATokenOfTheServiceThatWrote) {
  relay_options().partitions = 3;
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  const auto from_kafka = source();
  const auto rows = open_rows();
  ProjectionRunner runner(*from_kafka, *rows);
  ASSERT_TRUE(runner.add<Stock>());
  QueryBus reading(static_cast<const ReadModelStore&>(*rows));
  Session session;
  for (std::int64_t sum = 1; sum <= 50; ++sum) {
    const Receipt receipt = append(store(), GoodsArrived{"a", 1});
    ASSERT_TRUE(session.observe(receipt));
    const auto travelled = parse_token(to_string(*session.token()));
    const auto answer = reading.ask(CountOf{"a"}, Consistency::at_least(*travelled, patience));
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->value, sum);
    EXPECT_GE(answer->token.position, receipt.last_position);
    ASSERT_TRUE(session.observe(answer->token));
  }
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

}  // namespace
}  // namespace annals::warehouse
