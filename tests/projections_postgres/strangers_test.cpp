// What others bring: roles without rights, odd names, locks, and a rebuild among readers.

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include <annals/postgres/connection.hpp>
#include <annals/projections/rebuild.hpp>

#include "postgres/database.hpp"
#include "tally.hpp"

namespace annals::warehouse {
namespace {

using postgres_test::ReadModelSchema;
using std::chrono::milliseconds;

/// A table whose name is made to break out of quotes.
struct Oddities {
  static constexpr auto name = "oddities";
  static constexpr int version = 1;
  static constexpr auto schema = R"(CREATE TABLE "odd""; DROP TABLE workers; --" (id bigint);)";
  using SqlEvents = annals::Events<GoodsArrived>;
  static Result<void> apply(Sql& sql, const GoodsArrived& e, const EventInfo&) {
    auto done = sql.run(R"(INSERT INTO "odd""; DROP TABLE workers; --" VALUES (?1))", e.count);
    if (!done) return std::move(done).error();
    return {};
  }
};

class PostgresStrangers : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    schema_.emplace();
    rows_ = schema_->open();
    ASSERT_TRUE(rows_);
  }
  void project(const ProjectionType& projection) {
    ProjectionRunner runner(*events_, *rows_);
    auto added = runner.add(projection);
    ASSERT_TRUE(added) << to_string(added.error());
    expect_reached(runner, projection.name, events_->head().position);
  }
  void append_some(int appends) {
    for (int i = 0; i < appends; ++i) {
      append(*events_, GoodsArrived{std::string(1, static_cast<char>('a' + i % 5)), 1},
             GoodsMoved{"a", "b", "Ada", 1});
    }
  }

  std::optional<ReadModelSchema> schema_;
  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
  std::unique_ptr<ReadModelStore> rows_;
};

TEST_F(PostgresStrangers, ARoleWithoutRightsIsToldWhichItNeeds) {
  auto connection = postgres::Connection::open({.url = *postgres_test::server_url()});
  ASSERT_TRUE(connection);
  const std::string role = schema_->name() + "_role";
  ASSERT_TRUE((*connection)->run("CREATE ROLE " + role + " LOGIN"));
  const std::string database((*connection)->run("SELECT current_database()")->text(0, 0));
  PostgresReadModelOptions options = schema_->options();
  options.url = postgres_test::url_of_database(options.url, database, role);
  options.schema += "_none";
  const auto refused = open_postgres_read_models(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_NE(refused.error().message.find("GRANT CREATE ON DATABASE"), std::string::npos)
      << refused.error().message;

  project(projection_type_of<Tally>());
  options.schema = schema_->name();
  options.access = PostgresReadModelOptions::Access::read_only;
  const auto no_usage = open_postgres_read_models(options);
  ASSERT_FALSE(no_usage);
  EXPECT_EQ(no_usage.error().code, ErrorCode::unavailable) << to_string(no_usage.error());
  EXPECT_NE(no_usage.error().message.find("permission denied for schema"), std::string::npos)
      << no_usage.error().message;
  ASSERT_TRUE((*connection)
                  ->run_script("GRANT USAGE ON SCHEMA " + options.schema + " TO " + role +
                               "; GRANT SELECT ON ALL TABLES IN SCHEMA " + options.schema + " TO " +
                               role));
  const auto reading = open_postgres_read_models(options);
  ASSERT_TRUE(reading) << to_string(reading.error());
  EXPECT_TRUE(all_rows<Worker>(**reading).empty());
  EXPECT_FALSE((*reading)->set_paused("tally", true));
  const auto rebuilt = rebuild(*events_, *rows_, projection_type_of<Tally>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_TRUE(all_rows<Worker>(**reading).empty()) << "the right to read outlives a rebuild";
  ASSERT_TRUE((*connection)->run_script("DROP OWNED BY " + role + "; DROP ROLE " + role));
}

TEST_F(PostgresStrangers, NamesAndValuesMadeToBreakOutOfQuotesDoNot) {
  project(projection_type_of<Tally>());
  for (const char* name :
       {"tally' OR '1'='1", "tally'; DROP TABLE workers; --", "\\", "\"", "$1"}) {
    const auto paused = rows_->set_paused(name, true);
    ASSERT_FALSE(paused) << name;
    EXPECT_EQ(paused.error().code, ErrorCode::invalid_argument) << name;
    PostgresReadModelOptions options = schema_->options();
    options.schema = name;
    const auto opened = open_postgres_read_models(options);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument) << name;
    const auto found = rows_->wait(name, GlobalPosition{1}, std::chrono::steady_clock::now());
    EXPECT_TRUE(found && !*found) << name;
    auto transaction = rows_->read();
    ASSERT_TRUE(transaction);
    const auto row = Rows(**transaction).find<Worker>(name);
    EXPECT_TRUE(row && !*row) << name;
  }
  EXPECT_FALSE(record_of(*rows_, "tally").paused);
  EXPECT_TRUE(rows_->set_paused("tally", false));
  append(*events_, GoodsMoved{"'; DROP TABLE workers; --", "\\'", "$$ \" {1,NULL} '", 1},
         GoodsArrived{"x", 5});
  project(projection_type_of<Tally>());
  EXPECT_EQ(all_rows<Worker>(*rows_), (std::vector<Worker>{{"$$ \" {1,NULL} '", 1}}));
  project(projection_type_of<Oddities>());
  ASSERT_TRUE(rebuild(*events_, *rows_, projection_type_of<Oddities>()));
  project(projection_type_of<Oddities>());
  EXPECT_EQ(all_rows<Worker>(*rows_).size(), 1U);
}

TEST_F(PostgresStrangers, PlaceholdersStandOnlyWherePostgresReadsAParameter) {
  auto transaction = rows_->read();
  ASSERT_TRUE(transaction);
  Sql& sql = (*transaction)->sql();
  std::vector<Cell> seen;
  const Cell argument = std::string("given");
  const auto done = sql.select(
      "SELECT '?2''?3', $$?4$$, $q$'?5 $$ $q$, E'\\'?6', 1 AS \"?7\\\", /* ?8 /* '?9 */ ' */ -- "
      "?10 "
      "'\n ?1::text;  -- the end",
      {&argument, 1}, [&](std::span<const Cell> cells) {
        seen.assign(cells.begin(), cells.end());
        return Result<void>();
      });
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(seen,
            (std::vector<Cell>{std::string("?2'?3"), std::string("?4"), std::string("'?5 $$ "),
                               std::string("'?6"), std::int64_t{1}, std::string("given")}));
  for (const char* broken :
       {"SELECT 'a", "SELECT \"a", "SELECT /* a", "SELECT $$a", "SELECT 1; SELECT 2", "-- nothing",
        "SELECT U&\"\\0061nnals_checkpoints\"", "SHOW search_path", "(SELECT 1)) x",
        "EXPLAIN SELECT 1", "COPY (SELECT 1) TO STDOUT"}) {
    auto another = rows_->read();
    ASSERT_TRUE(another);
    const auto refused = (*another)->sql().select(broken, {}, [](auto) { return Result<void>(); });
    ASSERT_FALSE(refused) << broken;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << broken;
  }
}

TEST_F(PostgresStrangers, AKeyThatNoIndexHoldsIsTheRowsFault) {
  const auto claim =
      rows_->claim(projection_type_of<Tally>(), {}, make_holder(), std::chrono::hours(1));
  ASSERT_TRUE(claim);
  std::string key;  // That cannot be compressed.
  for (std::uint32_t i = 0, bits = 1; i < 20'000; ++i) {
    bits = bits * 1'664'525 + 1'013'904'223;
    key += static_cast<char>('!' + (bits >> 24U) % 90);
  }
  const Worker row{key, 1};
  ProjectedBatch batch;
  batch.claim = *claim;
  batch.after.token.position = GlobalPosition{1};
  batch.changes = {{.table = &table_type_of<Worker>(), .written = {&row}}};
  const auto refused = rows_->commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << to_string(refused.error());
}

TEST_F(PostgresStrangers, WhoWaitsElsewhereIsWokenByNewsSoonerThanByItsOwnLooks) {
  const auto elsewhere = schema_->open();
  ASSERT_TRUE(elsewhere);
  ProjectionRunner runner(*events_, *rows_);
  ASSERT_TRUE(runner.add<Tally>());
  append_some(1);
  ASSERT_TRUE(
      *elsewhere->wait("tally", GlobalPosition{2}, std::chrono::steady_clock::now() + patience));
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 40; ++i) {
    const auto receipt = append(*events_, GoodsMoved{"a", "b", "Ada", 1});
    auto record = elsewhere->wait("tally", receipt.last_position,
                                  std::chrono::steady_clock::now() + patience);
    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->position(), receipt.last_position);
  }
  const auto each = (std::chrono::steady_clock::now() - began) / 40;
  std::printf("append, projected, seen elsewhere: %.1f ms\n",
              std::chrono::duration<double, std::milli>(each).count());
  EXPECT_LT(each, milliseconds(125)) << "that is how long looking every 250 ms takes";
}

TEST_F(PostgresStrangers, ARebuildServesMeanwhileAndTheRunnerGoesOnFromThere) {
  append_some(300);
  ProjectionRunner runner(*events_, *rows_);
  ASSERT_TRUE(runner.add<Stock>());
  expect_reached(runner, "stock", events_->head().position);
  const auto before = all_rows<Shelf>(*rows_);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) EXPECT_EQ(all_rows<Shelf>(*rows_), before);
    });
  }
  for (int i = 0; i < 3; ++i) {
    const auto rebuilt =
        rebuild(*events_, *rows_, projection_type_of<Stock>(), {.batch_events = 100});
    EXPECT_TRUE(rebuilt) << to_string(rebuilt.error());
    if (rebuilt) {
      EXPECT_EQ(rebuilt->events, 600U);
    }
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  const auto receipt = append(*events_, GoodsArrived{"z", 1});
  expect_reached(runner, "stock", receipt.last_position);
  EXPECT_EQ(all_rows<Shelf>(*rows_).size(), before.size() + 1);
}

TEST_F(PostgresStrangers, ARebuildMakesItsShadowAlsoWhereTheReadModelMustExist) {
  append_some(10);
  project(projection_type_of<Stock>());
  PostgresReadModelOptions options = schema_->options();
  options.access = PostgresReadModelOptions::Access::must_exist;
  rows_ = ReadModelSchema::open(options);
  ASSERT_TRUE(rows_);
  const auto rebuilt = rebuild(*events_, *rows_, projection_type_of<Stock>());
  EXPECT_TRUE(rebuilt) << to_string(rebuilt.error());
}

TEST_F(PostgresStrangers, ARebuildThatWasStoppedGoesOnLater) {
  append_some(300);
  RebuildOptions options{.batch_events = 10};
  options.progress = [](const RebuildProgress&) { return false; };
  ASSERT_FALSE(rebuild(*events_, *rows_, projection_type_of<Stock>(), options));
  rows_ = schema_->open();
  const auto rest = rebuild(*events_, *rows_, projection_type_of<Stock>());
  ASSERT_TRUE(rest) << to_string(rest.error());
  EXPECT_TRUE(rest->resumed);
  EXPECT_LT(rest->events, 600U);
  project(projection_type_of<Stock>());
}

TEST_F(PostgresStrangers, ASwapWaitsForReadersAndGivesUpInTime) {
  append_some(10);
  project(projection_type_of<Stock>());
  PostgresReadModelOptions options = schema_->options();
  options.lock_timeout = milliseconds(10);
  const auto impatient = ReadModelSchema::open(options);
  ASSERT_TRUE(impatient);
  auto reader = rows_->read();
  ASSERT_TRUE(reader);
  const auto blocked = rebuild(*events_, *impatient, projection_type_of<Stock>());
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error().code, ErrorCode::unavailable) << to_string(blocked.error());
  EXPECT_TRUE(Rows(**reader).all<Shelf>());
  reader->reset();
  const auto rebuilt = rebuild(*events_, *impatient, projection_type_of<Stock>());
  ASSERT_TRUE(rebuilt) << to_string(rebuilt.error());
  EXPECT_TRUE(rebuilt->resumed);
}

}  // namespace
}  // namespace annals::warehouse
