// Who may make a schema, who finds one, and what names and rights do.

#include <thread>

#include <annals/postgres/connection.hpp>
#include <annals/testkit/requests.hpp>

#include "open_store.hpp"
#include "postgres/database.hpp"

namespace annals {

namespace {

using Access = PostgresOptions::Access;
using testkit::append_of;
using testkit::event_on;
using testkit::tagged;

ErrorCode code_of(PostgresOptions options, std::string* message = nullptr) {
  const auto store = open_postgres_event_store(std::move(options));
  EXPECT_FALSE(store);
  if (store) return ErrorCode::rejected;
  if (message != nullptr) *message = store.error().message;
  return store.error().code;
}

void run(const std::string& url, const std::string& sql) {
  auto connection = postgres::Connection::open({.url = url});
  ASSERT_TRUE(connection) << connection.error().message;
  auto done = (*connection)->run_script(sql);
  ASSERT_TRUE(done) << done.error().message;
}

}  // namespace

TEST(PostgresSchema, OnlyWhoMayCreateMakesAStore) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  for (const Access access : {Access::must_exist, Access::read_only}) {
    options.access = access;
    std::string message;
    EXPECT_EQ(code_of(options, &message), ErrorCode::unavailable);
    EXPECT_NE(message.find("annals migrate"), std::string::npos) << message;
  }
  const auto made = migrate_postgres_event_store(options);
  ASSERT_TRUE(made) << to_string(made.error());
  EXPECT_EQ(made->from, 0);
  EXPECT_GT(made->to, 0);
  const auto again = migrate_postgres_event_store(options);
  ASSERT_TRUE(again) << "once more changes nothing";
  EXPECT_EQ(again->from, made->to);
  EXPECT_EQ(again->to, made->to);
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->head().position.value, 0U);
}

// An attempt that waits in its client outlives a crash of the server, and so must the note that it
// was given up.
TEST(PostgresSchema, WhatAnswersRestOnOutlivesACrash) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  ASSERT_TRUE(open_store({.url = schema.url(), .schema = schema.name()}));
  auto connection = postgres::Connection::open({.url = schema.url()});
  ASSERT_TRUE(connection);
  postgres::Parameters name;
  name.text(schema.name());
  const auto unlogged = (*connection)
                            ->run(
                                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid ="
                                " c.relnamespace WHERE n.nspname = $1::text AND"
                                " c.relpersistence <> 'p'",
                                name);
  ASSERT_TRUE(unlogged) << unlogged.error().message;
  EXPECT_TRUE(unlogged->empty());
}

TEST(PostgresSchema, OfManyThatCreateAtOnceOneDoes) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  std::vector<StoreId> ids(6);
  std::vector<std::thread> threads;
  for (StoreId& id : ids) {
    threads.emplace_back([&] {
      const auto store = open_store({.url = schema.url(), .schema = schema.name()});
      if (store) id = store->token().store;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const StoreId& id : ids) EXPECT_EQ(id, ids.front());
  EXPECT_NE(ids.front(), StoreId{});
}

TEST(PostgresSchema, ANewerVersionIsRefused) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  ASSERT_TRUE(migrate_postgres_event_store(options));
  run(schema.url(), "UPDATE " + schema.name() + ".store SET schema_version = 99");
  EXPECT_EQ(code_of(options), ErrorCode::unsupported);
  const auto migrated = migrate_postgres_event_store(options);
  ASSERT_FALSE(migrated);
  EXPECT_EQ(migrated.error().code, ErrorCode::unsupported);
}

TEST(PostgresSchema, WhatIsNoVersionIsRefusedAndNothingIsMade) {
  ANNALS_NEEDS_POSTGRES();
  for (const char* version : {"0", "-1", "'1 or so'", "NULL"}) {
    SCOPED_TRACE(version);
    const postgres_test::Schema schema;
    const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
    ASSERT_TRUE(migrate_postgres_event_store(options));
    run(schema.url(), "ALTER TABLE " + schema.name() +
                          ".store ALTER schema_version TYPE text,"
                          " ALTER schema_version DROP NOT NULL; UPDATE " +
                          schema.name() + ".store SET schema_version = " + version);
    std::string message;
    EXPECT_EQ(code_of(options, &message), ErrorCode::corrupt);
    EXPECT_NE(message.find("which no library has written"), std::string::npos) << message;
    const auto migrated = migrate_postgres_event_store(options);
    ASSERT_FALSE(migrated);
    EXPECT_EQ(migrated.error().code, ErrorCode::corrupt) << to_string(migrated.error());
  }
}

TEST(PostgresSchema, ATableOfSomebodyElsesIsLeftAlone) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  run(schema.url(),
      "CREATE SCHEMA " + schema.name() + "; CREATE TABLE " + schema.name() + ".store (goods int)");
  std::string message;
  EXPECT_EQ(code_of(options, &message), ErrorCode::invalid_argument);
  EXPECT_NE(message.find("no event store's"), std::string::npos) << message;
}

TEST(PostgresSchema, ADatabaseOfAnotherEncodingIsRefused) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database other;
  const std::string name = other.name() + "_ascii";
  run(other.url(), "CREATE DATABASE " + name +
                       " ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
  EXPECT_EQ(code_of({.url = postgres_test::url_of_database(other.url(), name)}),
            ErrorCode::unsupported);
  run(other.url(), "DROP DATABASE " + name);
}

TEST(PostgresSchema, WhatIsNoSchemasNameIsRefused) {
  for (const char* name : {"", "1a", "a-b", "A", "a\"; DROP TABLE x; --", "pg_annals",
                           "a234567890123456789012345678901234567890x"}) {
    EXPECT_EQ(code_of({.url = "postgres://127.0.0.1:1/x", .schema = name}),
              ErrorCode::invalid_argument)
        << name;
  }
}

TEST(PostgresSchema, OptionsOutOfRangeAreRefusedByNameBeforeAnybodyIsAsked) {
  const std::string url = "postgres://nobody@127.0.0.1:1/nowhere";
  const auto refused = [](const PostgresOptions& options, std::string_view name) {
    const auto store = open_postgres_event_store(options);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::invalid_argument) << to_string(store.error());
    EXPECT_NE(store.error().message.find(name), std::string::npos) << store.error().message;
  };
  for (const std::size_t bytes : {std::size_t{0}, Limits::data_bytes_ceiling + 1}) {
    refused({.url = url, .limits = {.data_bytes_max = bytes}}, "Limits::data_bytes_max");
  }
  refused({.url = url, .max_clock_skew = std::chrono::seconds(-1)},
          "PostgresOptions::max_clock_skew");
  refused({.url = url, .max_clock_skew = std::chrono::hours(24 * 400)},
          "PostgresOptions::max_clock_skew");
  refused({.url = url, .identity = StoreIdentity{new_store_id(), {{Era{2}, {0}}}}},
          "PostgresOptions::identity");
  refused({.url = url, .poll_interval = std::chrono::milliseconds(0)},
          "PostgresOptions::poll_interval");
}

TEST(PostgresSchema, TheIdentityAskedForIsTheStores) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  options.identity = StoreIdentity{new_store_id(), {{Era{1}, {0}}, {Era{2}, {1}}}};
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->token().store, options.identity->store);
  EXPECT_EQ(store->token().era, Era{2});
  EXPECT_EQ(store->stats().eras, options.identity->eras);
  PostgresOptions without = options;
  without.identity.reset();
  EXPECT_EQ(code_of(without), ErrorCode::corrupt) << "era 2 begins beyond the head";
  ASSERT_TRUE(store->append(append_of({event_on("a-1")})));
  ASSERT_TRUE(open_store(without));
  PostgresOptions other = options;
  other.identity->store = new_store_id();
  EXPECT_EQ(code_of(other), ErrorCode::invalid_argument);
}

// Whatever names and bytes hold, they are data.
TEST(PostgresSchema, SqlInNamesAndBytesIsData) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto store = open_store({.url = schema.url(), .schema = schema.name()});
  ASSERT_TRUE(store);
  const std::string words[] = {"'; DROP SCHEMA " + schema.name() + " CASCADE; --",
                               "\\'); SELECT pg_sleep(9); --",
                               "a$1$2::text",
                               "{a,\"b\",NULL}",
                               "%s%n\\x00\\",
                               "@schema @lock",
                               "a\"b'c`d"};
  for (const std::string& word : words) {
    NewEvent event = tagged(event_on("a-" + word, word, "{\"x\":\"" + word + "\"}"), {word});
    event.actor = word;
    event.correlation_id = word;
    event.metadata = "{\"y\":\"" + word + "\"}";
    AppendRequest request = append_of({event});
    request.conditions = {{Query::tag(word), {0}}, {Query::stream(word), {0}}};
    ASSERT_TRUE(store->append(request)) << word;
    EXPECT_EQ(store->append(request).error().code, ErrorCode::condition_failed) << word;
    for (const Query& query : {Query::tag(word), Query::type(word), Query::stream("a-" + word)}) {
      const auto events = read_all(*store, {.query = query});
      ASSERT_TRUE(events) << to_string(events.error());
      ASSERT_EQ(events->size(), 1U) << word;
      EXPECT_EQ(events->front().type, word);
      EXPECT_EQ(events->front().tags[0], word);
      EXPECT_EQ(events->front().actor, word);
      EXPECT_EQ(events->front().data, event.data);
      EXPECT_EQ(events->front().metadata, event.metadata);
    }
    const auto events = *read_all(*store, {.query = Query::tag(word)});
    const RecordedEvent& last = events.front();
    const Snapshot snapshot{.stream = std::string(last.stream),
                            .version = last.version,
                            .position = last.position,
                            .link = *store->link_at(last.position),
                            .data = word};
    ASSERT_TRUE(store->save_snapshot(snapshot)) << word;
    const auto loaded = store->load_snapshot(snapshot.stream, last.position, snapshot.fingerprint);
    ASSERT_TRUE(loaded && *loaded) << word;
    EXPECT_EQ((*loaded)->data, word);
    EXPECT_EQ(store->append(testkit::append_to(snapshot.stream, ExpectedVersion::no_stream()))
                  .error()
                  .code,
              ErrorCode::wrong_expected_version)
        << word;
  }
  // What no event can be called matches none, and breaks nothing.
  for (const std::string& name : {std::string("a\0b", 3), std::string("\xff\xfe"), std::string(),
                                  std::string("a\nb"), words[0] + "\n" + words[1]}) {
    EXPECT_EQ(read_all(*store, {.query = Query::tag(name)})->size(), 0U);
    EXPECT_EQ(read_all(*store, {.query = Query::stream(name)})->size(), 0U);
    EXPECT_FALSE(store->stream_version(name)->has_value());
    AppendRequest request = append_of({});
    request.conditions = {{Query::tag(name), {0}}};
    EXPECT_TRUE(store->append(request));
  }
  EXPECT_EQ(store->head().position.value, std::size(words));
}

}  // namespace annals
