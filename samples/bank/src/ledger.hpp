/// @file
/// Books: a double-entry ledger. A transaction is one command over all its accounts, adds up to
/// zero, and is one atomic append.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/money.hpp>
#include <annals/commands/boundary.hpp>
#include <annals/commands/states.hpp>

namespace bank {

using annals::Decision;
using annals::Money;
using annals::reject;

/// One line of a transaction. An account may stand in several lines of one.
struct Posting {
  std::string account;  ///< "Assets:PayPal".
  Money amount{};
  ANNALS_FIELDS(Posting, account, amount);
  auto operator<=>(const Posting&) const = default;
};

// clang-format off

// What happened: one event for each posting, in the stream of its account.
struct PostingRecorded  { std::string transaction; Money amount{}; ANNALS_EVENT(PostingRecorded, "posting_recorded", transaction, amount); };
struct PostingWithdrawn { std::string transaction; Money amount{}; ANNALS_EVENT(PostingWithdrawn, "posting_withdrawn", transaction, amount); };

// What may be asked. A transaction that changed is withdrawn and recorded anew.
struct RecordTransaction   { std::string transaction; std::vector<Posting> postings; ANNALS_COMMAND(RecordTransaction, "record_transaction", transaction, postings); };
struct WithdrawTransaction { std::string transaction; std::vector<Posting> postings; ANNALS_COMMAND(WithdrawTransaction, "withdraw_transaction", transaction, postings); };

// clang-format on

/// An account of the books: the stream "ledger-Assets:PayPal".
struct LedgerAccount {
  static constexpr auto category = "ledger";
  using Events = annals::Events<PostingRecorded, PostingWithdrawn>;

  Money balance{};
  ANNALS_STATE(LedgerAccount, balance);

  void evolve(const PostingRecorded& e) { balance += e.amount; }
  void evolve(const PostingWithdrawn& e) { balance -= e.amount; }

  /// Every posting is found by its transaction, whatever account it is in.
  static std::vector<std::string> tags(const PostingRecorded& e) { return {tag_of(e.transaction)}; }
  static std::vector<std::string> tags(const PostingWithdrawn& e) {
    return {tag_of(e.transaction)};
  }
  static std::string tag_of(const std::string& transaction) { return "transaction:" + transaction; }
};

/// What stands in the books of one transaction: a fold over all accounts, found by tag.
struct StandingPostings {
  using Events = annals::Events<PostingRecorded, PostingWithdrawn>;

  std::vector<Posting> postings;  ///< Sorted.

  void evolve(const PostingRecorded& e, const annals::EventInfo& info) {
    const Posting posting{account_of(info.stream), e.amount};
    postings.insert(std::upper_bound(postings.begin(), postings.end(), posting), posting);
  }
  void evolve(const PostingWithdrawn& e, const annals::EventInfo& info) {
    const auto standing =
        std::find(postings.begin(), postings.end(), Posting{account_of(info.stream), e.amount});
    if (standing != postings.end()) postings.erase(standing);
  }
  static std::string account_of(std::string_view stream) {
    return std::string(stream.substr(std::string_view(LedgerAccount::category).size() + 1));
  }
};

/// The rules of double entry. The accounts have none of their own.
struct Ledger {
  using Commands = annals::Commands<RecordTransaction, WithdrawTransaction>;
  using Standing = annals::QueryState<StandingPostings>;

  template <typename Command>
  static annals::Boundary boundary(const Command& c) {
    annals::Boundary boundary;
    for (const Posting& posting : c.postings) boundary.aggregate<LedgerAccount>(posting.account);
    return boundary.query<StandingPostings>(
        annals::Query::tag(LedgerAccount::tag_of(c.transaction)));
  }

  static Decision decide(const RecordTransaction& c, const Standing& standing) {
    if (c.transaction.empty()) return reject("no-name", "a transaction needs a name");
    if (c.postings.size() < 2) return reject("one-sided", "a transaction has two postings or more");
    if (!standing->postings.empty())
      return reject("already-recorded", "the transaction stands in the books");
    Money sum{};
    for (const Posting& posting : c.postings) sum += posting.amount;
    if (!sum.is_zero()) return reject("not-balanced", "the postings add up to " + to_string(sum));

    Decision decision;
    for (const Posting& posting : c.postings) {
      decision.add(annals::to(posting.account, PostingRecorded{c.transaction, posting.amount}));
    }
    return decision;
  }

  static Decision decide(const WithdrawTransaction& c, const Standing& standing) {
    std::vector<Posting> postings = c.postings;
    std::sort(postings.begin(), postings.end());
    if (postings.empty() || postings != standing->postings) {
      return reject("not-recorded", "no transaction with these postings stands in the books");
    }
    Decision decision;
    for (const Posting& posting : c.postings) {
      decision.add(annals::to(posting.account, PostingWithdrawn{c.transaction, posting.amount}));
    }
    return decision;
  }
};

}  // namespace bank
