// The books of Hack Club, through commands into a log, against independent accounting programs.

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "hackclub_books.hpp"

namespace bank {
namespace {

using namespace annals::literals;

TEST_F(HackClub, EveryMonthEndIsEqualAsASet) {
  EXPECT_EQ(import(entries_), 9'101U);
  const Comparison comparison = compare_month_ends();
  EXPECT_EQ(comparison.month_ends, 37U);
  EXPECT_EQ(comparison.equal, 37U);
  EXPECT_TRUE(comparison.differences.empty());
}

TEST_F(HackClub, AnImportRunAgainAddsNothing) {
  import(entries_);
  EXPECT_EQ(import(entries_), 0U);
  open();  // nothing of it is remembered but what the log holds
  EXPECT_EQ(import(entries_), 0U);
  EXPECT_EQ(bank_->store().head().position.value, 9'101U);
}

TEST_F(HackClub, AnImportBrokenOffHalfwayIsCompletedByTheNext) {
  const std::vector<hackclub::Entry> half(entries_.begin(), entries_.begin() + 2'000);
  const std::uint64_t first = import(half);
  open();
  EXPECT_EQ(first + import(entries_), 9'101U);
  EXPECT_EQ(compare_month_ends().equal, 37U);
  EXPECT_EQ(import(entries_), 0U);
}

TEST_F(HackClub, AnAccountTooManyMakesItsMonthEndsUnequal) {
  import(entries_);
  const annals::CommandOptions options{.effective_at = annals::parse_cut_time("2017-12-31")};
  const RecordTransaction extra{"extra", {{"Assets:New", 1_usd}, {"Assets:Other", -(1_usd)}}};
  ASSERT_TRUE(bank_->bus().send(extra, options));
  const Comparison comparison = compare_month_ends();
  EXPECT_EQ(comparison.equal, 35U);  // without 2017-12-31 and 2018-01-31
  ASSERT_EQ(comparison.differences.size(), 4U);
  EXPECT_EQ(comparison.differences[0], "2017-12-31 Assets:New: 1.00 USD, expected nothing");
}

TEST_F(HackClub, AMissingTransactionMakesItsMonthEndsUnequal) {
  entries_.pop_back();  // of 2017-12-26
  import(entries_);
  const Comparison comparison = compare_month_ends();
  EXPECT_EQ(comparison.equal, 35U);
  EXPECT_EQ(comparison.differences.size(), 4U);
}

TEST_F(HackClub, TheLogHoldsBothTimesAndOneAppendForEachTransaction) {
  import(entries_);
  auto events = annals::read_all(bank_->store(), {});
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 9'101U);
  std::map<annals::Timestamp, std::multiset<annals::Timestamp>> expected;
  std::map<annals::Timestamp, std::multiset<annals::Timestamp>> found;
  for (const auto& entry : entries_) {
    for (std::size_t i = 0; i < entry.lines.size(); ++i)
      expected[entry.known_at].insert(entry.date);
  }
  for (const auto& event : *events) found[event.known_at].insert(event.effective_at);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(bank_->store().stats().appends, 4'268U);
}

}  // namespace
}  // namespace bank
