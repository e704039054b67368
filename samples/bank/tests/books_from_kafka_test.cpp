// Two banks' books through Kafka: over any number of partitions and processes, every row is that of
// the log. Few combinations, and a slice of the Czech bank, unless ANNALS_SOAK is set.

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>

#include "bank.hpp"
#include "bank_tables.hpp"
#include "followed_topic.hpp"
#include "import.hpp"
#include "kafka/brokers.hpp"
#include "row_oracle.hpp"
#include "session.hpp"
#include "test_data.hpp"

#if BANK_TESTS_WITH_POSTGRES
#include "postgres/database.hpp"
#endif

namespace bank {
namespace {

using std::chrono::steady_clock;

/// The rows of the log itself.
BankTables tables_of(annals::EventStore& events) {
  const auto rows = *annals::open_sqlite_read_models({});
  annals::ProjectionRunner runner(events, *rows);
  const auto added = runner.add<Balances, Customers, DailyTotals, Statements>();
  EXPECT_TRUE(added) << annals::to_string(added.error());
  for (const auto& status : runner.status()) {
    const auto reached =
        runner.wait(status.projection, events.head().position, std::chrono::minutes(5));
    EXPECT_TRUE(reached) << annals::to_string(reached.error());
  }
  return BankTables(*rows);
}

/// What accounts come to that are not at zero.
std::map<std::string, std::int64_t> cents_in(const BankTables& tables) {
  std::map<std::string, std::int64_t> cents;
  for (const AccountBalance& row : tables.balances) {
    if (row.balance.minor_units() != 0) cents[row.account] = row.balance.minor_units();
  }
  return cents;
}

/// How books come into a bank: the first part before anybody follows, the rest once the topic is
/// shared.
struct Books {
  std::function<void(annals::CommandBus&)> first;
  std::function<void(annals::CommandBus&)> rest;
};

/// Returns the tables that were made by way of the topic.
BankTables expect_the_rows_of_the_log(const Books& books, const Spread& spread,
                                      const Session& session) {
  const auto started = steady_clock::now();
  const annals::testkit::TemporaryFolder folder;
  const auto bank =
      *open_bank({.path = folder.path(), .durability = annals::Durability::survives_process_only});
  books.first(bank->bus());
  FollowedTopic topic(bank->store(), spread);
  std::vector<std::string> words{BANK_PROGRAM, "follow", "--status-every",
                                 "60",         "--data", session.data};
  if (!session.read_models.empty()) {
    words.insert(words.end(), {"--read-models", session.read_models});
  }
  topic.follow(words);
  const auto rows = *session.open_read_models();
  topic.wait_until_shared(*rows);
  books.rest(bank->bus());
  topic.wait_for_head(*rows, {"balances", "customers", "daily_totals", "statements"});
  BankTables tables(*rows);
  expect_equal(tables, tables_of(bank->store()));
  if (testing::Test::HasFailure()) ADD_FAILURE() << to_string(spread);
  const std::chrono::duration<double> taken = steady_clock::now() - started;
  std::printf("%s: %s events, %zu, %zu, %zu and %zu rows, %.1f s\n", to_string(spread).c_str(),
              to_string(bank->store().head().position).c_str(), tables.balances.size(),
              tables.customers.size(), tables.days.size(), tables.lines.size(), taken.count());
  return tables;
}

BankTables expect_in_sqlite_the_rows_of_the_log(const Books& books, const Spread& spread) {
  const annals::testkit::TemporaryFolder folder;
  return expect_the_rows_of_the_log(books, spread, {.data = folder.file("tables")});
}

#if BANK_TESTS_WITH_POSTGRES
BankTables expect_in_postgres_the_rows_of_the_log(const Books& books, const Spread& spread) {
  const annals::testkit::TemporaryFolder folder;
  const annals::postgres_test::Database database;
  return expect_the_rows_of_the_log(books, spread,
                                    {.data = folder.file("tables"), .read_models = database.url()});
}
#endif

/// Of Hack Club, with customers, which these books do not have.
class HackClubFromKafka : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    const auto entries = hackclub::read_entries(sample_data("bitemporal.csv.gz"));
    ASSERT_TRUE(entries) << annals::to_string(entries.error());
    const auto answers = hackclub::read_month_ends(sample_data("balances_as_of.csv.gz"));
    ASSERT_TRUE(answers) << annals::to_string(answers.error());
    at_the_end_ = answers->back().cents;
    const auto half = entries->begin() + static_cast<std::ptrdiff_t>(entries->size() / 2);
    books_.first = [begin = std::vector(entries->begin(), half)](annals::CommandBus& bus) {
      ASSERT_TRUE(import_books(bus, begin));
      for (int i = 0; i < 50; ++i) {
        const std::string account = std::to_string(i);
        const OpenAccount open{.owner = "Owner " + account,
                               .overdraft = annals::Money::of_minor(0, "EUR")};
        ASSERT_TRUE(bus.send(account, open));
        ASSERT_TRUE(bus.send(account, Deposit{.amount = annals::Money::of_minor(100 + i, "EUR")}));
      }
    };
    books_.rest = [end = std::vector(half, entries->end())](annals::CommandBus& bus) {
      ASSERT_TRUE(import_books(bus, end));
    };
  }
  /// That the books' accounts come to what others have worked out.
  void expect_right(const BankTables& tables) const {
    EXPECT_EQ(tables.customers.size(), 50U);
    auto cents = cents_in(tables);
    for (const CustomerAccount& customer : tables.customers) cents.erase(customer.account);
    EXPECT_EQ(cents, at_the_end_);
  }

  Books books_;

 private:
  std::map<std::string, std::int64_t> at_the_end_;
};

TEST_F(HackClubFromKafka, IsInSqliteThatOfTheLog) {
  for (const Spread& spread : {Spread{1, 1, false}, {3, 2}, {12, 1}}) {
    expect_right(expect_in_sqlite_the_rows_of_the_log(books_, spread));
  }
}

TEST_F(HackClubFromKafka, IsInPostgresThatOfTheLog) {
#if BANK_TESTS_WITH_POSTGRES
  ANNALS_NEEDS_POSTGRES();
  std::vector<Spread> spreads{{1, 2}, {3, 1}, {3, 3}, {12, 4}};
  if (soak()) spreads = every_spread();
  spreads.push_back({12, 2, false});
  for (const Spread& spread : spreads) {
    expect_right(expect_in_postgres_the_rows_of_the_log(books_, spread));
  }
#else
  GTEST_SKIP() << "SKIPPED: built without PostgreSQL";
#endif
}

TEST(CzechBankFromKafka, IsInPostgresThatOfTheLogAndOfTheBank) {
#if BANK_TESTS_WITH_POSTGRES
  ANNALS_NEEDS_KAFKA();
  ANNALS_NEEDS_POSTGRES();
  BANK_EXTERNAL_DATA(file, "berka/transactions.csv.gz");
  auto rows = berka::read_rows(file);
  ASSERT_TRUE(rows) << annals::to_string(rows.error());
  std::vector<Spread> spreads = every_spread();
  if (!soak()) {
    rows->resize(4'000);
    spreads = {{3, 2}, {12, 3}};
  }
  const RowOracle oracle(*rows);
  std::map<std::string, std::int64_t> balances;
  for (const auto& [account, of_account] : oracle.accounts()) {
    if (of_account.back().balance != 0) balances[account] = of_account.back().balance;
  }
  // The whole file is sent once more, which opens no account a second time.
  const auto half = rows->begin() + static_cast<std::ptrdiff_t>(rows->size() / 2);
  Books books;
  books.first = [begin = std::vector(rows->begin(), half)](annals::CommandBus& bus) {
    ASSERT_TRUE(import_berka(bus, begin));
  };
  books.rest = [&](annals::CommandBus& bus) { ASSERT_TRUE(import_berka(bus, *rows)); };
  for (const Spread& spread : spreads) {
    const BankTables tables = expect_in_postgres_the_rows_of_the_log(books, spread);
    EXPECT_EQ(cents_in(tables), balances) << "what the bank itself says, " << to_string(spread);
  }
#else
  GTEST_SKIP() << "SKIPPED: built without PostgreSQL";
#endif
}

}  // namespace
}  // namespace bank
