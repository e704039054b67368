// The files of samples/bank/data hold what its README says.

#include <set>
#include <tuple>

#include <gtest/gtest.h>

#include "hackclub.hpp"

namespace bank {
namespace {

const std::string data = std::string(ANNALS_SOURCE_DIR) + "/samples/bank/data/";

TEST(DataFiles, EveryTransactionOfTheBooksStandsTogetherAndAddsUpToZero) {
  const auto entries = hackclub::read_entries(data + "bitemporal.csv.gz");
  ASSERT_TRUE(entries) << annals::to_string(entries.error());
  std::set<std::tuple<std::string, bool, std::string>> keys;
  std::size_t lines = 0;
  for (const auto& entry : *entries) {
    std::int64_t sum = 0;
    for (const auto& line : entry.lines) sum += line.cents;
    EXPECT_EQ(sum, 0) << entry.revision << " " << entry.transaction;
    EXPECT_TRUE(keys.emplace(entry.revision, entry.recorded, entry.transaction).second);
    lines += entry.lines.size();
  }
  EXPECT_EQ(entries->size(), 4'268U);
  EXPECT_EQ(lines, 9'101U);
}

TEST(DataFiles, TheAnswersAreForThirtySevenMonthEndsAndListNoZero) {
  const auto month_ends = hackclub::read_month_ends(data + "balances_as_of.csv.gz");
  ASSERT_TRUE(month_ends) << annals::to_string(month_ends.error());
  ASSERT_EQ(month_ends->size(), 37U);
  EXPECT_EQ(month_ends->front().date, "2015-01-31");
  EXPECT_EQ(month_ends->back().date, "2018-01-31");
  std::size_t answers = 0;
  for (const auto& month_end : *month_ends) {
    for (const auto& [account, cents] : month_end.cents) EXPECT_NE(cents, 0) << account;
    answers += month_end.cents.size();
  }
  EXPECT_EQ(answers, 1'050U);
}

}  // namespace
}  // namespace bank
