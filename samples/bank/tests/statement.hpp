/// @file
/// What happened to one account, folded from its stream: what the read models are compared with.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <annals/aggregates/state_loader.hpp>

#include "account.hpp"
#include "ledger.hpp"

namespace bank {

/// An account's events as lines, with the balance after each. Of a customer, or of the books.
struct Statement {
  using Events = annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn, MoneySent,
                                MoneyReceived, AccountCharged, AccountFrozen, AccountUnfrozen,
                                AccountClosed, PostingRecorded, PostingWithdrawn>;
  struct Line {
    std::uint64_t version;
    annals::Timestamp effective_at;
    std::string what;  ///< The event's stored name.
    std::string text;
    Money amount{};
    Money balance{};
  };

  std::vector<Line> lines;
  Money balance{};

  void evolve(const AccountOpened& e, const annals::EventInfo& i) {
    add(i, e.overdraft * 0, e.owner);
  }
  void evolve(const MoneyDeposited& e, const annals::EventInfo& i) { add(i, e.amount, e.text); }
  void evolve(const MoneyWithdrawn& e, const annals::EventInfo& i) { add(i, -e.amount, e.text); }
  void evolve(const MoneySent& e, const annals::EventInfo& i) { add(i, -e.amount, "to " + e.to); }
  void evolve(const MoneyReceived& e, const annals::EventInfo& i) {
    add(i, e.amount, "from " + e.from);
  }
  void evolve(const AccountCharged& e, const annals::EventInfo& i) { add(i, -e.amount, e.text); }
  void evolve(const AccountFrozen& e, const annals::EventInfo& i) { add(i, {}, e.reason); }
  void evolve(const AccountUnfrozen&, const annals::EventInfo& i) { add(i, {}, ""); }
  void evolve(const AccountClosed&, const annals::EventInfo& i) { add(i, {}, ""); }
  void evolve(const PostingRecorded& e, const annals::EventInfo& i) {
    add(i, e.amount, e.transaction);
  }
  void evolve(const PostingWithdrawn& e, const annals::EventInfo& i) {
    add(i, -e.amount, e.transaction);
  }

  void add(const annals::EventInfo& info, const Money& change, const std::string& text) {
    balance += change;
    lines.push_back(
        {info.version.value, info.effective_at, std::string(info.type), text, change, balance});
  }
};

/// Folds what `query` selects into a T.
///
/// Errors: as annals::StateLoader::fold.
template <typename T>
annals::Result<T> fold(annals::EventStore& store, const annals::Query& query) {
  annals::StateLoader loader(store);
  auto folded = loader.fold(annals::fold_type_of<T>(), query, annals::AsOf::head());
  if (!folded) return std::move(folded).error();
  return std::move(*folded->state.template as<T>());
}

}  // namespace bank
