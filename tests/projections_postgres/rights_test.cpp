// The rights that the README names are enough for what they are named for; and what rows hold is
// data.

#include <gtest/gtest.h>

#include <annals/postgres/connection.hpp>
#include <annals/projections/rebuild.hpp>

#include "postgres/database.hpp"
#include "tally.hpp"

namespace annals::warehouse {
namespace {

/// A label of each form that a column of text can have.
struct Label {
  std::string shelf;
  std::vector<std::string> words;
  std::map<std::string, std::string> notes;
  std::optional<std::string> last;
  ANNALS_ROW(Label, "labels", (shelf), words, notes, last);
  using Events = annals::Events<GoodsMoved>;
  static std::string keys(const GoodsMoved& e) { return e.from; }
  void evolve(const GoodsMoved& e) {
    words.push_back(e.to);
    notes[e.to] = e.by;
    last = e.by;
  }
  bool operator==(const Label&) const = default;
};
struct Labels {
  static constexpr auto name = "labels";
  static constexpr int version = 1;
  using Tables = annals::Tables<Label>;
};

class PostgresReadModelRights : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    database_.emplace();
    role_ = database_->name() + "_role";
    run("CREATE ROLE " + role_ + " LOGIN");
    append(*events_, GoodsMoved{"a", "b", "Ada", 7});
  }
  void TearDown() override {
    if (database_) run("DROP OWNED BY " + role_ + " CASCADE; DROP ROLE " + role_);
  }
  void run(const std::string& sql) const {
    auto connection = postgres::Connection::open({.url = database_->url()});
    ASSERT_TRUE(connection) << connection.error().message;
    auto done = (*connection)->run_script(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  PostgresReadModelOptions as_role(PostgresReadModelOptions::Access access) const {
    return {.url = database_->url_as(role_), .access = access};
  }
  static void project(const EventStore& events, ReadModelStore& rows) {
    ProjectionRunner runner(events, rows);
    auto added = runner.add<Tally>();
    ASSERT_TRUE(added) << to_string(added.error());
    expect_reached(runner, "tally", events.head().position);
  }

  std::optional<postgres_test::Database> database_;
  std::string role_;
  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
};

TEST_F(PostgresReadModelRights, ASchemaMadeForTheRoleIsEnoughToProjectAndARebuildNeedsToCreate) {
  const auto refused = open_postgres_read_models(as_role(PostgresReadModelOptions::Access::create));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("GRANT CREATE ON DATABASE"), std::string::npos)
      << refused.error().message;
  run("CREATE SCHEMA read_models AUTHORIZATION " + role_);
  const auto rows = open_postgres_read_models(as_role(PostgresReadModelOptions::Access::create));
  ASSERT_TRUE(rows) << to_string(rows.error());
  project(*events_, **rows);
  EXPECT_EQ(all_rows<Worker>(**rows), (std::vector<Worker>{{"Ada", 1}}));
  const auto without = rebuild(*events_, **rows, projection_type_of<Tally>());
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::unavailable) << to_string(without.error());
  EXPECT_NE(without.error().message.find("GRANT CREATE ON DATABASE"), std::string::npos)
      << without.error().message;
  run("GRANT CREATE ON DATABASE " + database_->name() + " TO " + role_);
  const auto rebuilt = rebuild(*events_, **rows, projection_type_of<Tally>());
  EXPECT_TRUE(rebuilt) << to_string(rebuilt.error());
}

TEST_F(PostgresReadModelRights, ToReadThoseOfTheReadmeAreEnoughAndEachIsNeeded) {
  const auto owner = open_postgres_read_models({.url = database_->url()});
  ASSERT_TRUE(owner) << to_string(owner.error());
  project(*events_, **owner);
  // The first error there is.
  const auto read = [&]() -> std::optional<Error> {
    const auto rows =
        open_postgres_read_models(as_role(PostgresReadModelOptions::Access::read_only));
    if (!rows) return rows.error();
    auto transaction = (*rows)->read();
    if (!transaction) return transaction.error();
    const auto workers = Rows(**transaction).all<Worker>();
    if (!workers) return workers.error();
    const auto records = (*rows)->records();
    if (!records) return records.error();
    return std::nullopt;
  };
  const std::vector<std::string> rights = {"USAGE ON SCHEMA read_models",
                                           "SELECT ON ALL TABLES IN SCHEMA read_models"};
  for (const std::string& right : rights) run("GRANT " + right + " TO " + role_);
  const auto failed = read();
  ASSERT_FALSE(failed) << to_string(*failed);
  for (const std::string& right : rights) {
    run("REVOKE " + right + " FROM " + role_);
    const auto missing = read();
    ASSERT_TRUE(missing) << right << " is not needed";
    EXPECT_EQ(missing->code, ErrorCode::unavailable) << to_string(*missing);
    EXPECT_NE(missing->message.find("permission denied for"), std::string::npos)
        << missing->message;
    run("GRANT " + right + " TO " + role_);
  }
}

TEST_F(PostgresReadModelRights, SqlInRowsIsDataWhateverTheColumn) {
  const auto rows = open_postgres_read_models({.url = database_->url()});
  ASSERT_TRUE(rows) << to_string(rows.error());
  std::vector<Label> expected;
  for (const char* word :
       {"'; DROP SCHEMA read_models CASCADE; --", "\\'); SELECT pg_sleep(9); --", "{a,\"b\",NULL}",
        "$1$2::text", "\"}]'::jsonb; --", "%s\\x00\\u0000", "a\tb\nc"}) {
    append(*events_, GoodsMoved{word, word, word, 1});
    expected.push_back({word, {word}, {{word, word}}, word});
  }
  expected.push_back({"a", {"b"}, {{"b", "Ada"}}, "Ada"});
  std::sort(expected.begin(), expected.end(),
            [](const Label& one, const Label& other) { return one.shelf < other.shelf; });
  ProjectionRunner runner(*events_, **rows);
  auto added = runner.add<Labels>();
  ASSERT_TRUE(added) << to_string(added.error());
  expect_reached(runner, "labels", events_->head().position);
  EXPECT_TRUE(all_rows<Label>(**rows) == expected);
  auto transaction = (*rows)->read();
  ASSERT_TRUE(transaction);
  for (const Label& label : expected) {
    const auto found = Rows(**transaction).find<Label>(label.shelf);
    ASSERT_TRUE(found && *found) << label.shelf;
    EXPECT_TRUE(**found == label) << label.shelf;
  }
}

}  // namespace
}  // namespace annals::warehouse
