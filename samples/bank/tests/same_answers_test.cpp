// Events in a log or in PostgreSQL, tables in SQLite or in PostgreSQL: the answers are those that
// others worked out, in all four combinations. A slice of the large files, unless ANNALS_SOAK is
// set.

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <annals/projections/projection_runner.hpp>
#include <annals/queries/query_bus.hpp>

#include "bank.hpp"
#include "hackclub.hpp"
#include "import.hpp"
#include "oxford.hpp"
#include "places.hpp"
#include "queries.hpp"
#include "read_side.hpp"
#include "road_fines.hpp"
#include "row_oracle.hpp"
#include "test_data.hpp"
#include "transcript.hpp"

namespace bank {
namespace {

using annals::Consistency;

std::unique_ptr<annals::EventStore> made(const Session& session) {
  auto store = session.open(Access::make);
  EXPECT_TRUE(store) << annals::to_string(store.error());
  return store ? *std::move(store) : nullptr;
}

// On a busy machine it may take a while.
Consistency in_the_end() { return Consistency::strong(std::chrono::minutes(5)); }

/// A projection of the tests' own beside a store, asked for what it has come to.
template <typename Projection>
class Projected {
 public:
  Projected(annals::EventStore& events, const Session& session) {
    auto rows = session.open_read_models();
    EXPECT_TRUE(rows) << annals::to_string(rows.error());
    rows_ = *std::move(rows);
    runner_ = std::make_unique<annals::ProjectionRunner>(events, *rows_);
    auto added = runner_->add<Projection>();
    EXPECT_TRUE(added) << annals::to_string(added.error());
    queries_ = std::make_unique<annals::QueryBus>(events, *rows_);
  }

  template <typename Query>
  annals::AnswerOf<Query> ask(const Query& query) {
    auto answer = queries_->ask(query, in_the_end());
    EXPECT_TRUE(answer) << annals::to_string(answer.error());
    return answer ? answer->value : annals::AnswerOf<Query>{};
  }

 private:
  std::unique_ptr<annals::ReadModelStore> rows_;
  std::unique_ptr<annals::ProjectionRunner> runner_;
  std::unique_ptr<annals::QueryBus> queries_;
};

class SameAnswers : public EveryPlace {};

/// All lines but those that say where something is, and what a missing store is called.
std::string without_places(const std::string& transcript) {
  std::string kept;
  std::istringstream lines(transcript);
  for (std::string line; std::getline(lines, line);) {
    const auto says = [&](const char* word) { return line.find(word) != std::string::npos; };
    if (says("read-models.db") || says("read_models") || says("durable in") ||
        says("there is no store") || says("tables of")) {
      continue;
    }
    kept += line + '\n';
  }
  return kept;
}

// The books of Hack Club among it: 37 of 37 month-ends equal.
TEST_P(SameAnswers, TheProgramPrintsWhatTheTranscriptSays) {
  TranscriptPlaces places{.data = session_.data};
  if (!session_.store.empty()) {
    places.options = {"--store", session_.store};
    places.admins_store = session_.store + "#bank";
    places.admins_tables = {"--read-models", session_.data + "/read-models.db"};
  }
  if (!session_.read_models.empty()) {
    places.options.insert(places.options.end(), {"--read-models", session_.read_models});
    places.admins_tables = {"--read-models", session_.read_models + "#bank_read_models"};
  }
  const std::string expected = read_transcript();
  EXPECT_EQ(without_places(run_transcript(expected, places)), without_places(expected));
}

TEST_P(SameAnswers, EveryRowOfTheCzechBankGivesItsBalance) {
  BANK_EXTERNAL_DATA(file, "berka/transactions.csv.gz");
  BANK_EXTERNAL_DATA(answers_file, "berka/oracle/balances_as_of.csv.gz");
  const auto rows = berka::read_rows(file);
  ASSERT_TRUE(rows) << annals::to_string(rows.error());
  auto answers = hackclub::read_month_ends(answers_file);
  ASSERT_TRUE(answers) << annals::to_string(answers.error());
  ASSERT_EQ(answers->size(), 32U);
  if (!soak()) answers->resize(6);
  // Each step sends what was sent before, too: few steps.
  while (answers->size() > 8) {
    for (std::size_t i = 0; i < answers->size() / 2; ++i) (*answers)[i] = (*answers)[2 * i + 1];
    answers->resize(answers->size() / 2);
  }

  Bank bank(made(session_));
  const auto side = ReadSide::open(bank.store(), session_);
  ASSERT_TRUE(side) << annals::to_string(side.error());
  std::vector<berka::Row> imported;
  for (const auto& answer : *answers) {
    const auto day = *annals::parse_cut_time(answer.date);
    const auto from = rows->begin() + static_cast<std::ptrdiff_t>(imported.size());
    const auto to =
        std::find_if(from, rows->end(), [&](const auto& row) { return row.date > day; });
    imported.insert(imported.end(), from, to);
    const auto done = import_berka(bank.bus(), imported);
    ASSERT_TRUE(done) << annals::to_string(done.error());
    const auto asked = (*side)->queries().ask(AllBalances{}, in_the_end());
    ASSERT_TRUE(asked) << annals::to_string(asked.error());
    std::map<std::string, std::int64_t> balances;
    for (const auto& row : asked->value) balances[row.account] = row.balance.minor_units();
    auto expected = answer.cents;
    std::erase_if(expected, [](const auto& balance) { return balance.second == 0; });
    EXPECT_EQ(balances, expected) << answer.date;
  }
  const RowOracle oracle(imported);
  for (const auto& [account, expected] : oracle.accounts()) {
    const auto lines = (*side)->queries().ask(StatementOf{account}, in_the_end());
    ASSERT_TRUE(lines) << annals::to_string(lines.error());
    ASSERT_EQ(lines->value.size(), expected.size() + 1) << account;  // And that it was opened.
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(lines->value[i + 1].balance.minor_units(), expected[i].balance)
          << account << ", row " << expected[i].seq;
    }
  }
}

TEST_P(SameAnswers, WhatOxfordPaidToEachSupplierIsEqual) {
  BANK_EXTERNAL_DATA(file, "oxford-spend/payments.csv.gz");
  BANK_EXTERNAL_DATA(answers_file, "oxford-spend/oracle/paid_as_of.csv.gz");
  using namespace oxford;
  auto answers = read_answers(answers_file);
  ASSERT_EQ(answers.size(), 9U);
  if (!soak()) answers.erase(std::next(answers.begin(), 2), answers.end());
  std::multimap<annals::Timestamp, std::pair<std::string, SupplierPaid>> payments;
  for_each_payment(file, [&](std::string stream, const SupplierPaid& event, annals::Timestamp on) {
    payments.emplace(on, std::pair(std::move(stream), event));
  });

  HistoryStore store(made(session_));
  Projected<Suppliers> suppliers(*store, session_);
  auto next = payments.begin();
  for (const auto& [date, expected] : answers) {
    for (const auto day = *annals::parse_cut_time(date);
         next != payments.end() && next->first <= day; ++next) {
      store.add(next->second.first, next->second.second, next->first);
    }
    store.flush();
    EXPECT_EQ(paid(suppliers.ask(AllSuppliers{})), expected) << date;
  }
}

TEST_P(SameAnswers, TotalsAndAuditOfTheRoadFinesAreEqual) {
  BANK_EXTERNAL_DATA(file, "road-fines/events.csv.gz");
  BANK_EXTERNAL_DATA(totals_file, "road-fines/oracle/totals_as_of.csv");
  using namespace fines;
  auto quarters = read_totals(totals_file);
  ASSERT_EQ(quarters.size(), 54U);
  // The first fine whose stated total disagrees is of the third.
  if (!soak()) quarters.erase(std::next(quarters.begin(), 3), quarters.end());
  const std::string last_day = soak() ? "9999-12-31" : quarters.rbegin()->first;

  HistoryStore store(made(session_));
  import(file, store, last_day);
  Projected<RoadFines> fines(*store, session_);
  for (const auto& [day, totals] : quarters) EXPECT_EQ(fines.ask(TotalsBy{day}), totals) << day;
  std::set<std::string> found;
  for (const Fine& fine : fines.ask(Disagreements{})) found.insert(fine.fine);
  EXPECT_EQ(found, disagreements_in(file, last_day));
  EXPECT_FALSE(found.empty());
}

BANK_IN_EVERY_PLACE(SameAnswers);

}  // namespace
}  // namespace bank
