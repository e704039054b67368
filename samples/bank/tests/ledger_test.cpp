#include "ledger.hpp"

#include <source_location>

#include <gtest/gtest.h>

#include <annals/testkit/aggregate_spec.hpp>

#include "transfer.hpp"

namespace bank {
namespace {

using annals::testkit::DecisionSpec;
using namespace annals::literals;

const std::vector<Posting> rent = {{"Expenses:Rent", 900_usd}, {"Assets:Bank", -(900_usd)}};

/// The rules of the books, given what stands in them of the command's transaction.
template <typename Command>
DecisionSpec when(const std::vector<Posting>& standing, const Command& command,
                  std::source_location place = std::source_location::current()) {
  std::vector<Posting> sorted = standing;
  std::sort(sorted.begin(), sorted.end());
  return {Ledger::decide(command, Ledger::Standing(StandingPostings{sorted})), place};
}

TEST(Ledger, ATransactionIsOneEventForEachPosting) {
  when({}, RecordTransaction{"1", rent})
      .then(PostingRecorded{"1", 900_usd}, PostingRecorded{"1", -(900_usd)});
}

TEST(Ledger, AnAccountMayStandInSeveralPostings) {
  const std::vector<Posting> postings = {
      {"Expenses:Food", 5_usd}, {"Expenses:Food", 7_usd}, {"Assets:Bank", -(12_usd)}};
  when({}, RecordTransaction{"1", postings})
      .then(PostingRecorded{"1", 5_usd}, PostingRecorded{"1", 7_usd},
            PostingRecorded{"1", -(12_usd)});
  when(postings, WithdrawTransaction{"1", postings})
      .then(PostingWithdrawn{"1", 5_usd}, PostingWithdrawn{"1", 7_usd},
            PostingWithdrawn{"1", -(12_usd)});
}

TEST(Ledger, ATransactionAddsUpToZero) {
  when({}, RecordTransaction{"1", {{"a", 1_usd}, {"b", -(1.01_usd)}}})
      .then_rejected("not-balanced");
}

TEST(Ledger, ATransactionHasANameAndTwoPostings) {
  when({}, RecordTransaction{"", rent}).then_rejected("no-name");
  when({}, RecordTransaction{"1", {}}).then_rejected("one-sided");
  when({}, RecordTransaction{"1", {{"a", 0_usd}}}).then_rejected("one-sided");
}

TEST(Ledger, ATransactionIsRecordedOnceUntilItIsWithdrawn) {
  when(rent, RecordTransaction{"1", rent}).then_rejected("already-recorded");
}

TEST(Ledger, OnlyWhatStandsInTheBooksIsWithdrawn) {
  when({}, WithdrawTransaction{"1", rent}).then_rejected("not-recorded");
  when({}, WithdrawTransaction{"1", {}}).then_rejected("not-recorded");
  when(rent, WithdrawTransaction{"1", {rent[0]}}).then_rejected("not-recorded");
  when(rent, WithdrawTransaction{"1", {{"Expenses:Rent", 800_usd}, {"Assets:Bank", -(800_usd)}}})
      .then_rejected("not-recorded");
}

TEST(Ledger, TheOrderOfPostingsDoesNotMatterWhenWithdrawing) {
  when(rent, WithdrawTransaction{"1", {rent[1], rent[0]}})
      .then(PostingWithdrawn{"1", -(900_usd)}, PostingWithdrawn{"1", 900_usd});
}

TEST(Transfer, IsOneEventInEachAccount) {
  const annals::States<Account> accounts{{"a", {Status::open, "Ada", 10_eur, 0_eur}},
                                         {"b", {Status::open, "Bob", 0_eur, 0_eur}}};
  DecisionSpec(Transfer::decide({"a", "b", 10_eur}, accounts), std::source_location::current())
      .then(MoneySent{10_eur, "b"}, MoneyReceived{10_eur, "a"});
}

TEST(Transfer, IsRejectedByTheRulesOfEitherAccount) {
  const annals::States<Account> accounts{{"a", {Status::open, "Ada", 10_eur, 0_eur}},
                                         {"closed", {Status::closed, "Bob", 0_eur, 0_eur}},
                                         {"frozen", {Status::frozen, "Cai", 10_eur, 0_eur}},
                                         {"none", {}}};
  const auto transfer = [&](const std::string& from, const std::string& to, const Money& amount,
                            std::source_location place = std::source_location::current()) {
    return DecisionSpec(Transfer::decide({from, to, amount}, accounts), place);
  };
  transfer("a", "frozen", 10.01_eur).then_rejected("insufficient-funds");
  transfer("a", "frozen", 0_eur).then_rejected("bad-amount");
  transfer("a", "closed", 1_eur).then_rejected("closed");
  transfer("a", "none", 1_eur).then_rejected("not-open");
  transfer("frozen", "a", 1_eur).then_rejected("frozen");
  transfer("a", "a", 1_eur).then_rejected("same-account");
}

}  // namespace
}  // namespace bank
