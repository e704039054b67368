/// @file
/// What every account comes to, at any date and by any state of knowledge.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <annals/aggregates/fold_type.hpp>
#include <annals/codec/money.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/time.hpp>

#include "account.hpp"
#include "ledger.hpp"

namespace bank {

/// One change of one account's balance.
struct Movement {
  std::string account;  ///< The id of a customer's account, or an account of the books.
  Money change{};
  annals::Timestamp known_at;
  annals::Timestamp effective_at;
};

/// Folds the log into all movements, in its order.
struct Movements {
  using Events = annals::Events<MoneyDeposited, MoneyWithdrawn, MoneySent, MoneyReceived,
                                AccountCharged, PostingRecorded, PostingWithdrawn>;
  static constexpr bool ignore_unknown_events = true;

  std::vector<Movement> list;

  void evolve(const MoneyDeposited& e, const annals::EventInfo& i) { add(i, e.amount); }
  void evolve(const MoneyWithdrawn& e, const annals::EventInfo& i) { add(i, -e.amount); }
  void evolve(const MoneySent& e, const annals::EventInfo& i) { add(i, -e.amount); }
  void evolve(const MoneyReceived& e, const annals::EventInfo& i) { add(i, e.amount); }
  void evolve(const AccountCharged& e, const annals::EventInfo& i) { add(i, -e.amount); }
  void evolve(const PostingRecorded& e, const annals::EventInfo& i) { add(i, e.amount); }
  void evolve(const PostingWithdrawn& e, const annals::EventInfo& i) { add(i, -e.amount); }

  void add(const annals::EventInfo& info, const Money& change);
};

/// Which movements count. A balance is a sum, so leaving some out never gives a state that could
/// not be: it is order-free, and may be cut by times that do not follow the order of the log.
struct Cutoff {
  std::optional<annals::Timestamp> effective_at = {};  ///< This moment included; absent: all.
  std::optional<annals::Timestamp> known_at = {};
};

using Balances = std::map<std::string, Money>;

/// The movements of these categories of accounts.
///
/// Errors: as annals::StateLoader::fold.
annals::Result<Movements> read_movements(annals::EventStore& store,
                                         std::vector<std::string> categories = {
                                             Account::category, LedgerAccount::category});

/// The accounts whose balance is not zero.
///
/// Errors: invalid_argument (two currencies in one account, or a sum beyond 64 bits).
annals::Result<Balances> balances_of(const Movements& movements, const Cutoff& cutoff);

}  // namespace bank
