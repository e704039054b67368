/// @file
/// A customer's account: what happens to it, what may be asked of it, and the rules.
///
/// An amount in another currency needs no rule here: it cannot be added to the balance, so the bus
/// rejects the command ("money") and writes nothing.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <annals/aggregates/aggregate.hpp>
#include <annals/codec/money.hpp>

namespace bank {

using annals::Decision;
using annals::Money;
using annals::reject;

// clang-format off

// What happened.
struct AccountOpened   { std::string owner; Money overdraft{}; ANNALS_EVENT(AccountOpened, "account_opened", owner, overdraft); };
struct MoneyDeposited  { Money amount{}; std::string text;     ANNALS_EVENT(MoneyDeposited, "money_deposited", amount, text); };
struct MoneyWithdrawn  { Money amount{}; std::string text;     ANNALS_EVENT(MoneyWithdrawn, "money_withdrawn", amount, text); };
struct MoneySent       { Money amount{}; std::string to;       ANNALS_EVENT(MoneySent, "money_sent", amount, to); };
struct MoneyReceived   { Money amount{}; std::string from;     ANNALS_EVENT(MoneyReceived, "money_received", amount, from); };
struct AccountCharged  { Money amount{}; std::string text;     ANNALS_EVENT(AccountCharged, "account_charged", amount, text); };
struct AccountFrozen   { std::string reason;                   ANNALS_EVENT(AccountFrozen, "account_frozen", reason); };
struct AccountUnfrozen {                                       ANNALS_EVENT(AccountUnfrozen, "account_unfrozen"); };
struct AccountClosed   {                                       ANNALS_EVENT(AccountClosed, "account_closed"); };

// What may be asked.
struct OpenAccount { std::string owner; Money overdraft{};  ANNALS_COMMAND(OpenAccount, "open_account", owner, overdraft); };
struct Deposit     { Money amount{}; std::string text = {}; ANNALS_COMMAND(Deposit, "deposit", amount, text); };
struct Withdraw    { Money amount{}; std::string text = {}; ANNALS_COMMAND(Withdraw, "withdraw", amount, text); };
struct Charge      { Money amount{}; std::string text = {}; ANNALS_COMMAND(Charge, "charge", amount, text); };
struct Freeze      { std::string reason = {};               ANNALS_COMMAND(Freeze, "freeze", reason); };
struct Unfreeze    {                                        ANNALS_COMMAND(Unfreeze, "unfreeze"); };
struct Close       {                                        ANNALS_COMMAND(Close, "close"); };

// clang-format on

enum class Status : std::uint8_t { none, open, frozen, closed };
ANNALS_ENUM(Status, none, open, frozen, closed);

constexpr std::string_view name_of(Status status) {
  constexpr std::string_view names[] = {"none", "open", "frozen", "closed"};
  return names[static_cast<std::size_t>(status)];
}

struct Account {
  static constexpr auto category = "account";
  using Events =
      annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn, MoneySent, MoneyReceived,
                     AccountCharged, AccountFrozen, AccountUnfrozen, AccountClosed>;
  using Commands =
      annals::Commands<OpenAccount, Deposit, Withdraw, Charge, Freeze, Unfreeze, Close>;

  Status status = Status::none;
  std::string owner = {};
  Money balance{};
  Money overdraft{};  ///< How far below zero the customer may go.
  ANNALS_STATE(Account, status, owner, balance, overdraft);

  void evolve(const AccountOpened& e) {
    *this = {Status::open, e.owner, e.overdraft * 0, e.overdraft};
  }
  void evolve(const MoneyDeposited& e) { balance += e.amount; }
  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
  void evolve(const MoneySent& e) { balance -= e.amount; }
  void evolve(const MoneyReceived& e) { balance += e.amount; }
  void evolve(const AccountCharged& e) { balance -= e.amount; }
  void evolve(const AccountFrozen&) { status = Status::frozen; }
  void evolve(const AccountUnfrozen&) { status = Status::open; }
  void evolve(const AccountClosed&) { status = Status::closed; }

  Decision decide(const OpenAccount& c) const {
    if (status != Status::none) return reject("already-open", "the account was opened before");
    if (c.owner.empty()) return reject("no-owner", "an account needs an owner");
    if (!c.overdraft.has_currency()) return reject("no-currency", "an account needs a currency");
    if (c.overdraft.is_negative()) return reject("bad-amount", "an overdraft is not negative");
    return AccountOpened{c.owner, c.overdraft};
  }
  Decision decide(const Deposit& c) const {
    if (auto no = why_not_in(c.amount)) return *no;
    return MoneyDeposited{c.amount, c.text};
  }
  // [docs:withdraw]
  Decision decide(const Withdraw& c) const {
    if (auto no = why_not_out(c.amount)) return *no;
    return MoneyWithdrawn{c.amount, c.text};
  }
  // [docs:withdraw]
  Decision decide(const Charge& c) const {  // the bank's own fees: whatever the balance is
    if (auto no = why_not_in(c.amount)) return *no;
    return AccountCharged{c.amount, c.text};
  }
  Decision decide(const Freeze& c) const {
    if (status != Status::open) return reject("not-open", "only an open account can be frozen");
    return AccountFrozen{c.reason};
  }
  Decision decide(const Unfreeze&) const {
    if (status != Status::frozen) return reject("not-frozen", "the account is not frozen");
    return AccountUnfrozen{};
  }
  Decision decide(const Close&) const {
    if (status != Status::open) return reject("not-open", "only an open account can be closed");
    if (!balance.is_zero()) return reject("not-empty", "the balance is " + to_string(balance));
    return AccountClosed{};
  }

  /// Why `amount` cannot come into the account; nothing if it can.
  std::optional<annals::Rejection> why_not_in(const Money& amount) const {
    if (status == Status::none) return reject("not-open", "open the account first");
    if (status == Status::closed) return reject("closed", "the account is closed");
    if (!amount.is_positive()) return reject("bad-amount", "an amount is more than zero");
    return std::nullopt;
  }
  /// Why the customer cannot take `amount` out; nothing if it can be done.
  std::optional<annals::Rejection> why_not_out(const Money& amount) const {
    if (auto no = why_not_in(amount)) return no;
    if (status == Status::frozen) return reject("frozen", "the account is frozen");
    if (balance + overdraft >= amount) return std::nullopt;
    return reject("insufficient-funds",
                  "balance is " + to_string(balance) + ", overdraft " + to_string(overdraft));
  }
};

}  // namespace bank
