// The Czech bank: real rows, with the bank's own balance after each. The data may not be copied
// into the project, so these tests run where it is.

#include <map>

#include <gtest/gtest.h>

#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "bank.hpp"
#include "hackclub.hpp"
#include "import.hpp"
#include "killed_import.hpp"
#include "queries.hpp"
#include "row_oracle.hpp"
#include "row_rules.hpp"
#include "test_data.hpp"

namespace bank {
namespace {

class Berka : public testing::Test {
 protected:
  void SetUp() override {
    BANK_EXTERNAL_DATA(file, "berka/transactions.csv.gz");
    auto rows = berka::read_rows(file);
    ASSERT_TRUE(rows) << annals::to_string(rows.error());
    rows_ = std::move(*rows);
    ASSERT_EQ(rows_.size(), 46'997U);
  }

  std::vector<berka::Row> rows_;
};

TEST_F(Berka, EveryRowBySendGivesTheBanksOwnBalance) { every_row_by_send_gives_its_balance(rows_); }

TEST_F(Berka, EveryRowBySendAsyncGivesTheBanksOwnBalance) {
  every_row_by_send_async_gives_its_balance(rows_);
}

TEST_F(Berka, AllAccountsAtTheAnsweredDatesAndAtRandomPositionsAreAsTheyWere) {
  BANK_EXTERNAL_DATA(file, "berka/oracle/balances_as_of.csv.gz");
  // The answers have the form of the month-ends: asof, account, balance.
  const auto answers = hackclub::read_month_ends(file);
  ASSERT_TRUE(answers) << annals::to_string(answers.error());
  ASSERT_EQ(answers->size(), 32U);

  const RowOracle oracle(rows_);
  ASSERT_EQ(oracle.accounts().size(), 1'229U);
  std::vector<std::int64_t> after_rows;
  for (const auto& answer : *answers) {
    const auto cut = annals::parse_cut_time(answer.date);
    std::int64_t last = 0;
    for (const berka::Row& row : rows_) {
      if (row.date <= *cut) last = row.seq;
    }
    after_rows.push_back(last);
    // The fold of the file, which the accounts are compared with, says what the answers say.
    std::map<std::string, std::int64_t> folded;
    for (const auto& [account, rows] : oracle.accounts()) {
      if (const berka::Row* row = oracle.last_row(account, last)) folded[account] = row->balance;
    }
    EXPECT_EQ(folded, answer.cents) << answer.date;
  }
  accounts_as_of_positions_are_what_the_file_says(rows_, after_rows, 20'000,
                                                  annals::testkit::seed(20'240'229));
}

TEST_F(Berka, TheReadModelAsOfTheAnsweredDatesIsEqual) {
  BANK_EXTERNAL_DATA(file, "berka/oracle/balances_as_of.csv.gz");
  const auto answers = hackclub::read_month_ends(file);
  ASSERT_TRUE(answers) << annals::to_string(answers.error());
  const annals::testkit::TemporaryFolder folder;
  auto bank =
      open_bank({.path = folder.path(), .durability = annals::Durability::survives_process_only});
  ASSERT_TRUE(bank) << annals::to_string(bank.error());
  ASSERT_TRUE(import_berka((*bank)->bus(), rows_));
  const auto nothing = annals::open_sqlite_read_models({});
  ASSERT_TRUE(nothing);
  annals::QueryOptions options;
  options.scratch = [] { return annals::open_sqlite_read_models({}); };
  annals::QueryBus queries((*bank)->store(), **nothing, options);
  for (const auto& answer : *answers) {
    const auto cut = annals::Consistency::as_of(annals::AsOf::head())
                         .effective_at(*annals::parse_cut_time(answer.date));
    const auto asked = queries.ask(AllBalances{}, cut);
    ASSERT_TRUE(asked) << annals::to_string(asked.error());
    std::map<std::string, std::int64_t> balances;
    for (const AccountBalance& row : asked->value)
      balances[row.account] = row.balance.minor_units();
    std::map<std::string, std::int64_t> expected = answer.cents;
    std::erase_if(expected, [](const auto& balance) { return balance.second == 0; });
    EXPECT_EQ(balances, expected) << answer.date;
  }
}

TEST_F(Berka, ImportsKilledAtAnyMomentLoseAndDoubleNothing) {
  BANK_EXTERNAL_DATA(file, "berka/transactions.csv.gz");
  killed_imports_lose_and_double_nothing(file, soak() ? 200 : 20, annals::testkit::seed(1'993));
}

}  // namespace
}  // namespace bank
