// What lies in the tables: found by index, proved by its hashes, the same as in the log.

#include <limits>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/postgres/connection.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "log_reader.hpp"
#include "open_store.hpp"
#include "postgres/database.hpp"
#include "query_sql.hpp"

namespace annals {

namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::tagged;

// 3,000 events over 30 streams, 3 categories, 2 types and 5 tags.
void fill(EventStore& store) {
  for (int i = 0; i < 30; ++i) {
    std::vector<NewEvent> events;
    for (int k = 0; k < 100; ++k) {
      const std::string category = "category" + std::to_string(k % 3);
      events.push_back(
          tagged(event_on(category + "-" + std::to_string(k % 10), k % 2 == 0 ? "even" : "odd"),
                 {"tag" + std::to_string(k % 5), "all"}));
    }
    ASSERT_TRUE(store.append(append_of(std::move(events))));
  }
}

}  // namespace

TEST(PostgresRows, EveryKindOfReadGoesByItsIndex) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  fill(*store);
  auto session = postgres::Connection::open(internal::connection_options(options));
  ASSERT_TRUE(session);
  const auto name = *internal::SchemaName::of(schema.name());
  const struct {
    Query query;
    const char* index;
  } kinds[] = {
      {Query::all(), "events_pkey"},
      {Query::stream("category1-1"), "events_stream_version_key"},
      {Query::category("category1"), "events_by_category"},
      {Query::type("odd"), "events_by_type"},
      {Query::tag("tag3"), "event_tags_pkey"},
      {{{{.types = {"odd"}, .tags = {"tag3", "all"}}}}, "event_tags_pkey"},
      {{{{.categories = {"category1", "category2"}, .types = {"even"}}}}, "events_by_type"},
      {{{{.streams = {"category1-1", "category2-2"}}, {.categories = {"category0"}}}},
       "events_by_category"}};
  for (const bool statistics : {false, true}) {
    if (statistics) {
      ASSERT_TRUE((*session)->run("ANALYZE " + schema.name() + ".events"));
      ASSERT_TRUE((*session)->run("ANALYZE " + schema.name() + ".event_tags"));
    }
    for (const auto& [query, index] : kinds) {
      for (const Direction direction : {Direction::forward, Direction::backward}) {
        for (const bool closed : {false, true}) {
          const auto select = internal::select_events(name, query,
                                                      {.after = {500},
                                                       .up_to = {2500},
                                                       .closed = closed,
                                                       .direction = direction,
                                                       .limit = 100});
          const auto rows = (*session)->run("EXPLAIN (COSTS OFF) " + select.sql, select.parameters);
          ASSERT_TRUE(rows) << rows.error().message << "\n" << select.sql;
          std::string plan;
          for (std::size_t i = 0; i < rows->size(); ++i) {
            plan += std::string(rows->text(i, 0)) + "\n";
          }
          EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
          EXPECT_EQ(plan.find("Bitmap"), std::string::npos) << plan;
          EXPECT_NE(plan.find(index), std::string::npos) << index << "\n" << plan;
        }
      }
    }
  }
}

TEST(PostgresRows, ReadsOfManyPagesAreWholeInBothDirections) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto store = open_store({.url = schema.url(), .schema = schema.name()});
  ASSERT_TRUE(store);
  fill(*store);
  for (const std::size_t step : {std::size_t{1'000'000}, std::size_t{77}}) {
    for (const Direction direction : {Direction::forward, Direction::backward}) {
      const auto cursor = *store->read({.query = Query::tag("all"), .direction = direction});
      std::uint64_t expected = direction == Direction::forward ? 1 : 3000;
      std::size_t count = 0;
      for (auto run = cursor->next(step); !run->empty(); run = cursor->next(step)) {
        for (const RecordedEvent& event : *run) {
          ASSERT_EQ(event.position.value, expected);
          expected += direction == Direction::forward ? 1 : std::uint64_t(-1);
          ++count;
        }
      }
      EXPECT_EQ(count, 3000U);
    }
  }
}

TEST(PostgresRows, VersionsAndTimesAreFoundInLongStreams) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto clock = std::make_shared<testkit::ManualClock>();
  const Timestamp start = clock->now();
  const auto store = open_store({.url = schema.url(), .schema = schema.name(), .clock = clock});
  ASSERT_TRUE(store);
  for (std::uint64_t i = 0; i < 300; ++i) {
    clock->set(start + std::chrono::seconds(i / 3));  // Three appends a second.
    std::vector<NewEvent> events{event_on("a-1")};
    for (std::uint64_t k = 0; k < i % 4; ++k) events.push_back(event_on("b-1"));
    ASSERT_TRUE(store->append(append_of(std::move(events))));
  }
  const RecordedEvents all = *read_all(*store, {});
  for (const std::uint64_t cut : {1U, 2U, 37U, 333U, 600U, 749U}) {
    std::uint64_t expected = 0;
    for (const RecordedEvent& event : all) {
      if (event.stream == "a-1" && event.position.value <= cut) ++expected;
    }
    EXPECT_EQ(
        read_all(*store, {.query = Query::stream("a-1"), .as_of = AsOf::position({cut})})->size(),
        expected)
        << cut;
    EXPECT_EQ(read_all(*store,
                       {.query = Query::stream("a-1"), .start = Start::after(GlobalPosition{cut})})
                  ->size(),
              300 - expected)
        << cut;
  }
  for (const std::int64_t second : {-1, 0, 1, 50, 98, 99, 500}) {
    std::uint64_t expected = 0;
    const Timestamp at = start + std::chrono::seconds(second);
    for (const RecordedEvent& event : all) expected += event.recorded_at <= at ? 1U : 0U;
    EXPECT_EQ(read_all(*store, {.as_of = AsOf::recorded(at)})->size(), expected) << second;
  }
}

TEST(PostgresRows, WhatWasChangedBehindTheStoresBackIsFound) {
  ANNALS_NEEDS_POSTGRES();
  const struct {
    const char* sql;
    std::uint64_t first;  // Of the first bad append.
  } changes[] = {{"UPDATE @.events SET data = 'x' WHERE position = 5", 5},
                 {"UPDATE @.events SET type = 'other' WHERE position = 6", 5},
                 {"UPDATE @.events SET actor = 'else' WHERE position = 8", 7},
                 {"UPDATE @.events SET version = 99 WHERE position = 9", 9},
                 {"UPDATE @.events SET recorded_at = recorded_at - 1 WHERE position = 4", 3},
                 {"UPDATE @.events SET id = gen_random_uuid() WHERE position = 4", 3},
                 {"UPDATE @.events SET tags = 'other' WHERE position = 3", 3},
                 {"UPDATE @.events SET category = 'z' WHERE position = 7", 7},
                 {"DELETE FROM @.events WHERE position = 10", 9},
                 {"DELETE FROM @.event_tags WHERE position = 3", 1},
                 {"UPDATE @.appends SET recorded_at = recorded_at + 1 WHERE first_position = 7", 7},
                 {"UPDATE @.appends SET link = sha256('') WHERE first_position = 7", 7},
                 {"UPDATE @.appends SET id = gen_random_uuid() WHERE first_position = 5", 5},
                 {"DELETE FROM @.appends WHERE first_position = 5", 7}};
  for (const auto& [sql, first] : changes) {
    const postgres_test::Schema schema;
    const auto store = open_store({.url = schema.url(), .schema = schema.name()});
    ASSERT_TRUE(store);
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(store->append(append_of({tagged(event_on("a-1"), {"t"}), event_on("b-1")})));
    }
    ASSERT_EQ(store->verify({})->outcome, VerifyReport::Outcome::whole);
    auto session = postgres::Connection::open({.url = schema.url()});
    std::string change = sql;
    change.replace(change.find('@'), 1, schema.name());
    ASSERT_TRUE((*session)->run(change)) << change;
    const auto report = store->verify({});
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_EQ(report->outcome, VerifyReport::Outcome::changed) << sql;
    ASSERT_TRUE(report->first_bad) << sql;
    EXPECT_EQ(report->first_bad->first.value, first) << sql << ": " << report->first_bad->what;
  }
}

// Of small numbers the server works out less, so each side of where that changes is looked at.
TEST(PostgresRows, NumbersInLinksAreLittleEndian) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  ASSERT_TRUE(open_store({.url = schema.url(), .schema = schema.name()}));
  auto session = postgres::Connection::open({.url = schema.url()});
  ASSERT_TRUE(session);
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{255}, std::int64_t{256},
        std::int64_t{0xABCD}, std::int64_t{0xFFFF}, std::int64_t{0x10000}, std::int64_t{0xABCDEF12},
        std::int64_t{0xFFFFFFFF}, std::int64_t{0x100000000}, std::int64_t{0x1234567890ABCDEF},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
        std::int64_t{-1}, std::int64_t{-62'167'219'200'000'000}}) {
    std::string expected;
    for (unsigned i = 0; i < 8; ++i) {
      expected += static_cast<char>(static_cast<std::uint64_t>(number) >> (8U * i));
    }
    postgres::Parameters parameters;
    parameters.integer(number);
    const auto rows =
        (*session)->run("SELECT " + schema.name() + ".little_endian($1::bigint)", parameters);
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->bytes(0, 0), expected) << number;
  }
}

// The same appends at the same times in a store of the same identity: the same links.
TEST(PostgresRows, LinksAreThoseOfTheLog) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const testkit::TemporaryFolder folder;
  const auto clock = std::make_shared<testkit::ManualClock>();
  const StoreIdentity identity{new_store_id(), {{Era{}, {0}}}};
  const auto log =
      open_log_event_store({.path = folder.path(), .identity = identity, .clock = clock});
  ASSERT_TRUE(log);
  const auto store = open_store(
      {.url = schema.url(), .schema = schema.name(), .identity = identity, .clock = clock});
  ASSERT_TRUE(store);
  for (std::size_t i = 0; i < 40; ++i) {
    clock->advance(std::chrono::microseconds(1'234'567 * i));
    AppendRequest request;
    for (std::size_t k = 0; k < i % 5 + 1; ++k) {
      NewEvent event = tagged(event_on("a-" + std::to_string(k % 2)), {"b", "a"});
      event.data = std::string(i, static_cast<char>(i));
      if (k % 2 == 1) event.id = EventId{{static_cast<std::uint8_t>(i)}};
      if (i % 3 == 1) event.known_at = clock->now() - std::chrono::hours(1);
      if (i % 3 == 2) event.effective_at = clock->now();
      if (i % 4 == 1) event.actor = "somebody";
      if (i % 4 == 2) event.metadata = "{\"n\":1}";
      event.content_type = i % 2 == 0 ? ContentType::binary : ContentType::json;
      request.events.push_back(std::move(event));
    }
    request.checks = {{"a-0", ExpectedVersion::any()}, {"a-1", ExpectedVersion::any()}};
    request.id = append_id_of(std::to_string(i));
    const auto in_log = (*log)->append(request);
    const auto here = store->append(request);
    ASSERT_TRUE(in_log);
    ASSERT_TRUE(here) << to_string(here.error());
    EXPECT_EQ(here->link, in_log->link);
    EXPECT_EQ(here->versions, in_log->versions);
    EXPECT_EQ(here->recorded_at, in_log->recorded_at);
  }
  EXPECT_EQ(store->head(), (*log)->head());
}

}  // namespace annals
