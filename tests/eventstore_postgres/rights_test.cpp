// The rights that the README names are enough for what they are named for, and none is too many.

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

const std::vector<std::string> rights_to_read = {"USAGE ON SCHEMA annals",
                                                 "SELECT ON ALL TABLES IN SCHEMA annals",
                                                 "SELECT ON ALL SEQUENCES IN SCHEMA annals"};
const std::vector<std::string> rights_to_append_besides = {
    "USAGE ON ALL SEQUENCES IN SCHEMA annals",
    "INSERT ON annals.appends",
    "INSERT ON annals.events",
    "INSERT ON annals.event_tags",
    "INSERT ON annals.snapshots",
    "UPDATE ON annals.snapshots",
    "DELETE ON annals.snapshots",
    "INSERT ON annals.given_up",
    "UPDATE ON annals.given_up",
    "DELETE ON annals.given_up"};

class PostgresRights : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    database_.emplace();
    role_ = database_->name() + "_role";
    const auto owner = open_store({.url = database_->url()});
    ASSERT_TRUE(owner);
    ASSERT_TRUE(owner->append(append_of({tagged(event_on("a-1"), {"t"})})));
    run("CREATE ROLE " + role_ + " LOGIN");
  }
  void TearDown() override {
    if (database_) run("DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
  }
  void run(const std::string& sql) const {
    auto connection = postgres::Connection::open({.url = database_->url()});
    ASSERT_TRUE(connection) << connection.error().message;
    auto done = (*connection)->run_script(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  void grant(const std::string& right) const { run("GRANT " + right + " TO " + role_); }
  void revoke(const std::string& right) const { run("REVOKE " + right + " FROM " + role_); }
  std::string url() const { return database_->url_as(role_); }

  // What a program that reads does; the first error there is.
  std::optional<Error> read() const {
    const auto store = open_postgres_event_store({.url = url(), .access = Access::read_only});
    if (!store) return store.error();
    for (const Query& query : {Query::all(), Query::tag("t")}) {
      const auto events = read_all(**store, {.query = query});
      if (!events) return events.error();
    }
    const auto report = (*store)->verify({});
    if (!report) return report.error();
    const auto batch = (*(*store)->subscribe({}))->next(std::chrono::milliseconds(1));
    if (!batch) return batch.error();
    const auto snapshot = (*store)->load_snapshot("a-1", {1}, 0);
    if (!snapshot) return snapshot.error();
    return std::nullopt;
  }

  // What a program that appends does.
  std::optional<Error> append() const {
    const auto store = open_postgres_event_store({.url = url(), .access = Access::must_exist});
    if (!store) return store.error();
    const auto receipt = (*store)->append(append_of({tagged(event_on("a-1"), {"t"})}));
    if (!receipt) return receipt.error();
    for (int i = 0; i < 2; ++i) {  // The second time the notes are there already.
      const auto none = (*store)->find_append(append_id_of("none"));
      if (!none) return none.error();
    }
    for (int i = 0; i < 40; ++i) {  // Now and then some go.
      const auto saved = (*store)->save_snapshot({.stream = "a-1",
                                                  .version = *receipt->version_of("a-1"),
                                                  .position = receipt->last_position,
                                                  .link = receipt->link,
                                                  .data = "x"});
      if (!saved) return saved.error();
    }
    return std::nullopt;
  }

  std::optional<postgres_test::Database> database_;
  std::string role_;
};

}  // namespace

TEST_F(PostgresRights, WhoHasNoneIsToldWhichItNeeds) {
  const auto refused = open_postgres_event_store({.url = url()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("permission denied for schema annals"), std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find("USAGE on the schema"), std::string::npos)
      << refused.error().message;
  const auto other = open_postgres_event_store({.url = url(), .schema = "other"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::unavailable);
  EXPECT_NE(other.error().message.find("CREATE on the database"), std::string::npos)
      << other.error().message;
}

TEST_F(PostgresRights, ToReadThoseOfTheReadmeAreEnoughAndEachIsNeeded) {
  for (const std::string& right : rights_to_read) grant(right);
  const auto failed = read();
  ASSERT_FALSE(failed) << to_string(*failed);
  const auto store = open_store({.url = url(), .access = Access::read_only});
  EXPECT_EQ(store->append(append_of({event_on("a-1")})).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(append()) << "it may not";
  for (const std::string& right : rights_to_read) {
    revoke(right);
    const auto refused = read();
    ASSERT_TRUE(refused) << right << " is not needed";
    EXPECT_EQ(refused->code, ErrorCode::unavailable) << to_string(*refused);
    EXPECT_NE(refused->message.find("permission denied for"), std::string::npos)
        << refused->message;
    grant(right);
  }
}

TEST_F(PostgresRights, ToAppendThoseOfTheReadmeAreEnoughAndEachIsNeeded) {
  for (const std::string& right : rights_to_read) grant(right);
  for (const std::string& right : rights_to_append_besides) grant(right);
  const auto failed = append();
  ASSERT_FALSE(failed) << to_string(*failed);
  for (const std::string& right : rights_to_append_besides) {
    revoke(right);
    const auto refused = append();
    ASSERT_TRUE(refused) << right << " is not needed";
    EXPECT_EQ(refused->code, ErrorCode::unavailable) << to_string(*refused);
    EXPECT_NE(refused->message.find("permission denied for"), std::string::npos)
        << refused->message;
    EXPECT_NE(refused->message.find("USAGE on its sequences"), std::string::npos)
        << refused->message;
    grant(right);
  }
}

TEST_F(PostgresRights, WhoMayAppendCannotChangeWhatIsThere) {
  for (const std::string& right : rights_to_read) grant(right);
  for (const std::string& right : rights_to_append_besides) grant(right);
  auto connection = postgres::Connection::open({.url = url()});
  ASSERT_TRUE(connection);
  for (const char* table : {"appends", "events", "event_tags", "store", "eras"}) {
    const std::string name = "annals." + std::string(table);
    const auto column = (*connection)
                            ->run("SELECT attname FROM pg_attribute WHERE attrelid = '" + name +
                                  "'::regclass AND attnum = 1");
    const std::string first(column->text(0, 0));
    for (const std::string& sql :
         {"DELETE FROM " + name, "TRUNCATE " + name,
          "UPDATE " + name + " SET " + first + " = " + first, "DROP TABLE " + name}) {
      const auto done = (*connection)->run(sql);
      ASSERT_FALSE(done) << sql;
      EXPECT_EQ(done.error().failure, postgres::Failure::permission_denied) << sql;
    }
  }
}

}  // namespace annals
