// The books as they stood at earlier revisions; these answers are not in the project.

#include <map>
#include <utility>

#include <gtest/gtest.h>

#include "balances.hpp"
#include "csv.hpp"
#include "hackclub_books.hpp"

namespace bank {
namespace {

/// Balances on a date as the books stood at a revision, asked by the position of the revision's
/// last event, and, where no later revision has the same time, by known_at.
TEST_F(HackClub, BalancesAsTheBooksStoodAtARevisionAreEqual) {
  BANK_EXTERNAL_DATA(file, "hackclub/oracle/balances_as_of_known_at.csv.gz");
  import(entries_);
  const auto movements = read_movements(bank_->store());
  ASSERT_TRUE(movements);

  std::map<std::string, annals::Timestamp> recorded_at;
  auto revisions = CsvReader::open(sample_data("revisions.csv"));
  ASSERT_TRUE(revisions);
  for (auto record = revisions->next(); record && *record != nullptr; record = revisions->next()) {
    recorded_at[(*record)->text("revision")] = (*record)->time("recorded_at");
  }

  std::map<std::pair<std::string, std::string>, Balances> answers;
  auto csv = CsvReader::open(file);
  ASSERT_TRUE(csv);
  for (auto record = csv->next(); record && *record != nullptr; record = csv->next()) {
    const std::int64_t cents = (*record)->hundredths("balance");
    answers[{(*record)->text("revision"), (*record)->text("asof")}][(*record)->text("account")] =
        Money::of_minor(cents, "USD");
  }
  ASSERT_GT(answers.size(), 100U);

  std::size_t by_time = 0;
  for (const auto& [key, expected] : answers) {
    const auto& [revision, date] = key;
    Movements until = *movements;
    std::size_t events = 0;
    for (const auto& entry : entries_) {
      if (entry.revision <= revision) events += entry.lines.size();
    }
    until.list.resize(events);  // they are in the order of the log, and so of the revisions
    const Cutoff cutoff{.effective_at = annals::parse_cut_time(date)};
    EXPECT_EQ(*balances_of(until, cutoff), expected) << revision << " " << date;

    const auto next = recorded_at.upper_bound(revision);
    if (next != recorded_at.end() && next->second == recorded_at.at(revision)) continue;
    const Cutoff known{.effective_at = cutoff.effective_at, .known_at = recorded_at.at(revision)};
    EXPECT_EQ(*balances_of(*movements, known), expected) << revision << " " << date;
    ++by_time;
  }
  EXPECT_GT(by_time, 100U);
}

}  // namespace
}  // namespace bank
