// A store that was made when its schema's version was released goes on as it was.
//
// golden/version-1.sql is the dump (pg_dump --inserts --no-owner) of a store in schema "golden_1"
// that the library of version 1 made, by what fill() does with begin = 0.

#include <fstream>
#include <iterator>

#include <annals/postgres/connection.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>

#include "open_store.hpp"
#include "postgres/database.hpp"
#include "schema_name.hpp"

namespace annals {

namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::tagged;

const std::string golden_name = "golden_1";

StoreIdentity golden_identity() {
  StoreIdentity identity{.store = {}, .eras = {{Era{}, GlobalPosition{0}}}};
  for (std::size_t i = 0; i < identity.store.bytes.size(); ++i) {
    identity.store.bytes[i] = static_cast<std::uint8_t>(i + 1);
  }
  return identity;
}

AppendRequest request(int number) {
  const std::string n = std::to_string(number);
  NewEvent plain = event_on("a-" + std::to_string(number % 3), "opened", "{\"n\":" + n + "}");
  NewEvent full = tagged(event_on("b-" + n, "moved", std::string("\0\xff", 2) + n), {"red", n});
  full.content_type = ContentType::binary;
  full.metadata = "{\"m\":" + n + "}";
  full.actor = "somebody";
  full.known_at = testkit::ManualClock().now() - std::chrono::hours(1);
  AppendRequest made = number % 2 == 0 ? append_of({plain}) : append_of({plain, full, plain});
  made.id = append_id_of(n);
  return made;
}

// Ten appends, number `begin` and those after it, a second apart.
void fill(EventStore& store, testkit::ManualClock& clock, int begin) {
  for (int number = begin; number < begin + 10; ++number) {
    clock.advance(std::chrono::seconds(1));
    const auto receipt = store.append(request(number));
    ASSERT_TRUE(receipt) << to_string(receipt.error());
  }
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) {
    text.replace(at, word.size(), by);
  }
  return text;
}

// The golden store as schema `name`, whose lock is another one.
std::string golden(const std::string& name) {
  std::ifstream file(ANNALS_SOURCE_DIR "/tests/eventstore_postgres/golden/version-1.sql");
  const std::string dump{std::istreambuf_iterator<char>(file), {}};
  return replaced(replaced(dump, internal::SchemaName::of(golden_name)->lock,
                           internal::SchemaName::of(name)->lock),
                  golden_name, name);
}

}  // namespace

TEST(PostgresMigration, AStoreOfVersion1GoesOnAsItWas) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  auto session = postgres::Connection::open({.url = schema.url()});
  ASSERT_TRUE(session) << session.error().message;
  const auto restored = (*session)->run_script(golden(schema.name()));
  ASSERT_TRUE(restored) << restored.error().message;

  const auto clock = std::make_shared<testkit::ManualClock>();
  PostgresOptions options{.url = schema.url(),
                          .schema = schema.name(),
                          .access = PostgresOptions::Access::must_exist,
                          .clock = clock};
  const auto refused = open_postgres_event_store(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("annals migrate"), std::string::npos)
      << refused.error().message;
  const auto migrated = migrate_postgres_event_store(options);
  ASSERT_TRUE(migrated) << to_string(migrated.error());
  EXPECT_EQ(migrated->from, 1);
  EXPECT_EQ(migrated->to, 2);
  const auto old = open_store(options);

  // The same in a store of today.
  const postgres_test::Schema other;
  const auto today = open_store(
      {.url = other.url(), .schema = other.name(), .identity = golden_identity(), .clock = clock});
  ASSERT_TRUE(old && today);
  fill(*today, *clock, 0);
  for (const bool went_on : {false, true}) {
    SCOPED_TRACE(went_on ? "after more was appended" : "as it was found");
    if (went_on) {
      const Timestamp now = clock->now();
      fill(*old, *clock, 10);
      clock->set(now);
      fill(*today, *clock, 10);
    }
    EXPECT_EQ(old->head(), today->head());
    EXPECT_EQ(old->head().position.value, went_on ? 40U : 20U);
    EXPECT_EQ(read_all(*old, {.query = Query::tag("red")})->size(), went_on ? 10U : 5U);
    // Links are over all that was written, so what agrees with them is the same.
    EXPECT_EQ(old->verify({})->outcome, VerifyReport::Outcome::whole);
    EXPECT_EQ(old->stats().appends, today->stats().appends);
    EXPECT_EQ(old->stats().streams, today->stats().streams);
    EXPECT_EQ(old->stats().bytes, today->stats().bytes);
    const auto again = old->append(request(3));
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->first_position.value, 6U);
  }
}

// What fails on the way leaves the store as it was, and usable by who made it.
TEST(PostgresMigration, ThatFailsChangesNothing) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  auto session = postgres::Connection::open({.url = schema.url()});
  ASSERT_TRUE(session) << session.error().message;
  ASSERT_TRUE((*session)->run_script(golden(schema.name())));
  // It replaces functions first, and then cannot note the version.
  const auto hindered = (*session)->run_script("ALTER TABLE " + schema.name() +
                                               ".store ADD CHECK (schema_version < 2) NOT VALID");
  ASSERT_TRUE(hindered) << hindered.error().message;
  const std::string body =
      "SELECT p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname"
      " = 'append' AND n.nspname = '" +
      schema.name() + "'";
  const auto before = (*session)->run(body);
  const auto refused = migrate_postgres_event_store({.url = schema.url(), .schema = schema.name()});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("making schema"), std::string::npos)
      << refused.error().message;
  const auto after = (*session)->run(body);
  ASSERT_TRUE(before && after);
  ASSERT_EQ(before->size(), 1U);
  EXPECT_EQ(before->text(0, 0), after->text(0, 0));
}

}  // namespace annals
