// The rules of the real bank's rows, on banks made up from a seed.

#include "generated_bank.hpp"

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "row_rules.hpp"

namespace bank {
namespace {

class GeneratedBankRows : public testing::Test {
 protected:
  void SetUp() override {
    const std::string file = folder_.file("bank.csv");
    write_bank_file({.seed = seed_}, file);
    auto rows = berka::read_rows(file);
    ASSERT_TRUE(rows) << annals::to_string(rows.error());
    rows_ = std::move(*rows);
  }

  const annals::testkit::TemporaryFolder folder_;
  const std::uint64_t seed_ = annals::testkit::seed(1'993);
  std::vector<berka::Row> rows_;
};

TEST_F(GeneratedBankRows, EveryRowBySendGivesItsBalance) {
  every_row_by_send_gives_its_balance(rows_);
}

TEST_F(GeneratedBankRows, EveryRowBySendAsyncGivesItsBalance) {
  every_row_by_send_async_gives_its_balance(rows_);
}

TEST_F(GeneratedBankRows, AccountsAsOfPositionsAreWhatTheFileSays) {
  std::vector<std::int64_t> after_rows;
  for (std::size_t i = 1; i <= 32; ++i) {
    after_rows.push_back(static_cast<std::int64_t>(rows_.size() * i / 32));
  }
  accounts_as_of_positions_are_what_the_file_says(rows_, after_rows, 5'000, seed_);
}

}  // namespace
}  // namespace bank
