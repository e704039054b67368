// A warehouse's history, published to a topic.

#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/relay/kafka_source.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "kafka/brokers.hpp"
#include "projections/warehouse.hpp"
#include "relay/running_relay.hpp"

namespace annals::warehouse {

/// Appends of one to five events to any of forty streams, until the store's head is `events` or a
/// little more. Returns the head.
inline GlobalPosition work(EventStore& store, std::uint64_t events, std::mt19937_64& random) {
  const auto shelf = [&] { return "shelf-" + std::to_string(random() % 25); };
  while (store.head().position.value < events) {
    AppendRequest request;
    for (std::uint64_t i = 0, count = 1 + random() % 5; i < count; ++i) {
      const std::string stream = "warehouse-" + std::to_string(random() % 40);
      const auto number = static_cast<std::int64_t>(random() % 100);
      switch (random() % 8) {
        case 0: request.events.push_back(written(ShelfCleared{shelf()}, stream)); break;
        case 1: request.events.push_back(written(GoodsCursed{shelf()}, stream)); break;
        case 2:
        case 3: request.events.push_back(written(GoodsArrived{shelf(), number}, stream)); break;
        default:
          request.events.push_back(written(GoodsMoved{shelf(), shelf(), "Ada", number}, stream));
      }
      bool known = false;
      for (const auto& check : request.checks) known = known || check.stream == stream;
      if (!known) request.checks.push_back({stream, ExpectedVersion::any()});
    }
    const auto receipt = store.append(std::move(request));
    if (!receipt) {
      ADD_FAILURE() << to_string(receipt.error());
      break;
    }
  }
  return store.head().position;
}

/// A store, and the topic that it is published to.
class PublishedWarehouse : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    relay_options_.brokers = *kafka_test::brokers();
  }

  EventStore& store() { return *store_; }
  /// In place of a store in memory.
  void use(std::unique_ptr<EventStore> store) {
    store_.reset();
    store_ = std::move(store);
  }
  GlobalPosition grow(std::uint64_t events) { return work(*store_, events, random_); }
  RelayOptions& relay_options() { return relay_options_; }
  const std::string& topic() const { return relay_options_.topic; }
  RelayCheckpoints& checkpoints() { return *checkpoints_; }
  /// Publishes what there is, and ends.
  void publish() {
    relay_test::RunningRelay relay(store(), checkpoints(), relay_options_);
    relay.until_published(store().head().position);
    ASSERT_TRUE(relay.stop());
  }
  /// As if the relay's place had been lost: everything is published once more.
  void publish_again() {
    again_ = std::make_unique<testkit::TemporaryFolder>();
    checkpoints_ = *open_relay_checkpoint_folder(again_->path());
    relay_options_.into_filled_topic = true;
    publish();
  }
  KafkaSourceOptions source_options() const {
    return {.brokers = relay_options_.brokers, .topic = relay_options_.topic};
  }
  std::unique_ptr<KafkaSource> source() const { return source(source_options()); }
  static std::unique_ptr<KafkaSource> source(KafkaSourceOptions options) {
    auto made = make_kafka_source(std::move(options));
    EXPECT_TRUE(made) << to_string(made.error());
    return made ? *std::move(made) : nullptr;
  }
  /// Of the topic's group, missed soon.
  std::unique_ptr<KafkaSource> member(const char* strategy = "range") const {
    KafkaSourceOptions options = source_options();
    options.group = topic();
    options.settings = {{"partition.assignment.strategy", strategy},
                        {"heartbeat.interval.ms", "300"},
                        {"session.timeout.ms", "6000"}};
    return source(std::move(options));
  }
  std::mt19937_64& random() { return random_; }

 private:
  std::unique_ptr<EventStore> store_ = make_memory_event_store();
  testkit::TemporaryFolder folder_;
  std::unique_ptr<testkit::TemporaryFolder> again_;
  std::unique_ptr<RelayCheckpoints> checkpoints_ = *open_relay_checkpoint_folder(folder_.path());
  RelayOptions relay_options_{.brokers = {}, .topic = kafka_test::new_topic_name()};
  std::mt19937_64 random_{testkit::seed(6110)};
};

/// The same rows and checkpoints as when the log itself is projected.
inline void expect_rows_of(EventStore& log, const ReadModelStore& rows) {
  const auto expected = open_rows();
  ProjectionRunner runner(log, *expected);
  ASSERT_TRUE((runner.add<Stock, Curses>()));
  const Head head = log.head();
  expect_reached(runner, "stock", head.position);
  expect_reached(runner, "curses", head.position);
  EXPECT_EQ(all_rows<Shelf>(rows), all_rows<Shelf>(*expected));
  EXPECT_EQ(all_rows<Handling>(rows), all_rows<Handling>(*expected));
  const auto curses = all_rows<Curse>(rows);
  const auto expected_curses = all_rows<Curse>(*expected);
  ASSERT_EQ(curses.size(), expected_curses.size());
  for (std::size_t i = 0; i < curses.size(); ++i) {
    EXPECT_EQ(curses[i].shelf, expected_curses[i].shelf);
    EXPECT_EQ(curses[i].times, expected_curses[i].times);
  }
}

}  // namespace annals::warehouse
