// The books as they stood at earlier revisions; these answers are not in the project.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "csv.hpp"
#include "hackclub_books.hpp"
#include "queries.hpp"

namespace bank {
namespace {

/// Balances on a date as the books stood at a revision, asked of the read model as of the position
/// of the revision's last event, and, where no later revision has the same time, as of known_at.
TEST_F(HackClub, BalancesAsTheBooksStoodAtARevisionAreEqual) {
  BANK_EXTERNAL_DATA(file, "hackclub/oracle/balances_as_of_known_at.csv.gz");
  import(entries_);

  std::map<std::string, annals::Timestamp> recorded_at;
  auto revisions = CsvReader::open(sample_data("revisions.csv"));
  ASSERT_TRUE(revisions);
  for (auto record = revisions->next(); record && *record != nullptr; record = revisions->next()) {
    recorded_at[(*record)->text("revision")] = (*record)->time("recorded_at");
  }

  using BalanceMap = std::map<std::string, Money>;
  std::map<std::pair<std::string, std::string>, BalanceMap> answers;
  auto csv = CsvReader::open(file);
  ASSERT_TRUE(csv);
  for (auto record = csv->next(); record && *record != nullptr; record = csv->next()) {
    const std::int64_t cents = (*record)->hundredths("balance");
    answers[{(*record)->text("revision"), (*record)->text("asof")}][(*record)->text("account")] =
        Money::of_minor(cents, "USD");
  }
  ASSERT_GT(answers.size(), 100U);

  std::vector<double> milliseconds;
  const auto ask = [&](const annals::Consistency& cut) {
    const auto started = std::chrono::steady_clock::now();
    const auto answer = queries_->ask(AllBalances{}, cut);
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
            .count());
    EXPECT_TRUE(answer) << annals::to_string(answer.error());
    BalanceMap balances;
    if (answer) {
      for (const AccountBalance& row : answer->value) balances[row.account] = row.balance;
    }
    return balances;
  };
  std::size_t by_time = 0;
  for (const auto& [key, expected] : answers) {
    const auto& [revision, date] = key;
    std::uint64_t position = 0;  // The log holds the entries in the order of their revisions.
    for (const auto& entry : entries_) {
      if (entry.revision <= revision) position += entry.lines.size();
    }
    const auto day = annals::parse_cut_time(date);
    ASSERT_TRUE(day);
    const auto at = annals::Consistency::as_of(annals::AsOf::position({position}));
    EXPECT_EQ(ask(at.effective_at(*day)), expected) << revision << " " << date;

    const auto next = recorded_at.upper_bound(revision);
    if (next != recorded_at.end() && next->second == recorded_at.at(revision)) continue;
    const auto now = annals::Consistency::as_of(annals::AsOf::head());
    EXPECT_EQ(ask(now.effective_at(*day).known_at(recorded_at.at(revision))), expected)
        << revision << " " << date;
    ++by_time;
  }
  EXPECT_GT(by_time, 100U);
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf(
      "%zu answers by position, %zu by time; a question took %.1f ms (median), %.1f ms at "
      "most\n",
      answers.size(), by_time, milliseconds[milliseconds.size() / 2], milliseconds.back());
}

}  // namespace
}  // namespace bank
