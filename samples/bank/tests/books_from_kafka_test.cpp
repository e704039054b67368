// The books of Hack Club through Kafka: any number of partitions, any number of banks that share
// them, and every row is that of the log.

#include <algorithm>
#include <thread>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rows.hpp>

#include "child_process.hpp"
#include "hackclub_books.hpp"
#include "kafka/brokers.hpp"
#include "queries.hpp"
#include "read_models.hpp"
#include "relay/running_relay.hpp"
#include "session.hpp"

#if BANK_TESTS_WITH_POSTGRES
#include "postgres/database.hpp"
#endif

namespace bank {
namespace {

using annals::GlobalPosition;

constexpr const char* projections[] = {"balances", "customers", "daily_totals", "statements"};

template <typename R>
std::vector<R> rows_of(annals::Rows& rows) {
  auto all = rows.all<R>();
  EXPECT_TRUE(all) << annals::to_string(all.error());
  return all ? *std::move(all) : std::vector<R>{};
}

/// All rows of all tables, in the order of their keys.
struct Tables {
  explicit Tables(const annals::ReadModelStore& store) {
    auto transaction = store.read();
    EXPECT_TRUE(transaction) << annals::to_string(transaction.error());
    if (!transaction) return;
    annals::Rows rows(**transaction);
    customers = rows_of<CustomerAccount>(rows);
    balances = rows_of<AccountBalance>(rows);
    lines = rows_of<StatementLine>(rows);
    auto totals = AllDailyTotals{}.answer(rows);
    EXPECT_TRUE(totals) << annals::to_string(totals.error());
    if (totals) days = *std::move(totals);
  }
  std::vector<CustomerAccount> customers;
  std::vector<AccountBalance> balances;
  std::vector<StatementLine> lines;
  std::vector<DailyTotal> days;
};

class BooksFromKafka : public HackClub {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    HackClub::SetUp();
    EXPECT_GT(import(entries_), 9'000U);
    add_customers();
    ASSERT_TRUE(rows_);
    annals::ProjectionRunner runner(bank_->store(), *rows_);
    auto added = runner.add<Balances, Customers, DailyTotals, Statements>();
    ASSERT_TRUE(added) << annals::to_string(added.error());
    wait_for_all(*rows_);
    expected_ = std::make_unique<Tables>(*rows_);
    EXPECT_GT(expected_->lines.size(), 9'000U);
  }
  // The books have no customers.
  void add_customers() {
    for (int i = 0; i < 50; ++i) {
      const std::string account = std::to_string(i);
      auto& bus = bank_->bus();
      const auto opened = bus.send(
          account,
          OpenAccount{.owner = "Owner " + account, .overdraft = annals::Money::of_minor(0, "EUR")});
      ASSERT_TRUE(opened) << annals::to_string(opened.error());
      ASSERT_TRUE(bus.send(account, Deposit{.amount = annals::Money::of_minor(100 + i, "EUR")}));
    }
  }
  void wait_for_all(const annals::ReadModelStore& rows) {
    const GlobalPosition head = bank_->store().head().position;
    for (const char* projection : projections) {
      const auto record =
          rows.wait(projection, head, std::chrono::steady_clock::now() + std::chrono::minutes(2));
      ASSERT_TRUE(record) << annals::to_string(record.error());
      ASSERT_TRUE(*record) << projection;
      ASSERT_GE((*record)->position(), head) << projection << ": " << (*record)->failure;
    }
  }
  /// Projects from a topic of so many partitions in so many programs, and compares every row.
  void expect_the_rows_of_the_log(std::uint32_t partitions, int banks, bool in_group,
                                  const Session& session) {
    const annals::testkit::TemporaryFolder folder;
    const auto checkpoints = *annals::open_relay_checkpoint_folder(folder.path());
    annals::RelayOptions options{.brokers = *annals::kafka_test::brokers(),
                                 .topic = annals::kafka_test::new_topic_name(),
                                 .partitions = partitions};
    annals::relay_test::RunningRelay relay(bank_->store(), *checkpoints, options);
    std::vector<std::string> words = {
        BANK_PROGRAM,  "follow",         "--brokers", options.brokers, "--topic",
        options.topic, "--status-every", "60",        "--data",        session.data};
    if (!session.read_models.empty()) {
      words.insert(words.end(), {"--read-models", session.read_models});
    }
    if (in_group) words.insert(words.end(), {"--group", options.topic});
    std::vector<std::unique_ptr<ChildProcess>> running;
    for (int i = 0; i < banks; ++i) running.push_back(std::make_unique<ChildProcess>(words));
    const auto rows = session.open_read_models();
    ASSERT_TRUE(rows) << annals::to_string(rows.error());
    wait_for_all(**rows);
    const Tables actual(**rows);
    EXPECT_EQ(actual.customers, expected_->customers);
    EXPECT_EQ(actual.balances, expected_->balances);
    EXPECT_EQ(actual.lines, expected_->lines);
    EXPECT_EQ(actual.days, expected_->days);
    if (HasFailure()) {
      FAIL() << partitions << " partitions, " << banks << " banks"
             << (in_group ? ", in a group" : "");
    }
    ASSERT_TRUE(relay.stop());
  }

 private:
  std::unique_ptr<Tables> expected_;
};

TEST_F(BooksFromKafka, AreInSqliteThoseOfTheLog) {
  for (const auto& [partitions, banks, in_group] :
       {std::tuple{1U, 1, false}, {3U, 2, true}, {12U, 1, true}}) {
    const annals::testkit::TemporaryFolder folder;
    expect_the_rows_of_the_log(partitions, banks, in_group, {.data = folder.file("tables")});
  }
}

TEST_F(BooksFromKafka, AreInPostgresThoseOfTheLog) {
#if BANK_TESTS_WITH_POSTGRES
  ANNALS_NEEDS_POSTGRES();
  for (const auto& [partitions, banks, in_group] :
       {std::tuple{1U, 2, true}, {3U, 1, true}, {3U, 3, true}, {12U, 4, true}, {12U, 2, false}}) {
    const annals::testkit::TemporaryFolder folder;
    const annals::postgres_test::Database database;
    expect_the_rows_of_the_log(partitions, banks, in_group,
                               {.data = folder.file("tables"), .read_models = database.url()});
  }
#else
  GTEST_SKIP() << "SKIPPED: built without PostgreSQL";
#endif
}

}  // namespace
}  // namespace bank
