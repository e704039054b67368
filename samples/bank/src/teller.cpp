#include "teller.hpp"

#include <cctype>
#include <type_traits>
#include <utility>

#include <annals/aggregates/repository.hpp>

#include "bank.hpp"

namespace bank {

using annals::Result;

namespace {

/// A day is its beginning, midnight UTC, as in imports.
Result<annals::CommandOptions> options_of(const Slip& slip) {
  annals::CommandOptions options;
  if (!slip.id.empty()) {
    const auto id = annals::parse_id<annals::AppendIdTag>(slip.id);
    options.id = id ? *id : annals::append_id_of("bank/" + slip.id);
  }
  if (!slip.date.empty()) {
    options.effective_at = annals::parse_timestamp(slip.date + "T00:00:00Z");
    if (!options.effective_at) {
      return annals::Error{annals::ErrorCode::invalid_argument,
                           "--on '" + slip.date + "' is not a date such as 2024-01-31"};
    }
  }
  return options;
}

Result<Account> load(Bank& bank, const std::string& account) {
  auto loaded = annals::Repository<Account>(bank.store()).load(account);
  if (!loaded) return std::move(loaded).error();
  return std::move(loaded->state);
}

/// "10.50 EUR", or "10.50" of the currency given.
Result<Money> read_amount(const std::string& text, std::string_view currency) {
  const bool names_its_own = !text.empty() && std::isalpha(static_cast<unsigned char>(text.back()));
  return annals::parse_money(names_its_own ? text : text + " " + std::string(currency));
}

/// An amount without a currency has the account's; where there is no account it is rejected anyway.
Result<Money> amount_for(Bank& bank, const Slip& slip) {
  const auto account = load(bank, slip.account);
  if (!account) return account.error();
  const bool exists = account->balance.has_currency();
  return read_amount(slip.amount, exists ? account->balance.currency() : "EUR");
}

int print_receipt(const Session& session, Bank& bank, const std::string& name,
                  const Result<annals::CommandReceipt>& answer) {
  if (!answer) return failed(answer.error());
  const auto account = load(bank, name);
  if (!account) return failed(account.error());
  Answer receipt({"account", "balance", "status", "position", "repeated"});
  receipt.add({name, account->balance, std::string(name_of(account->status)),
               static_cast<std::int64_t>(answer->receipt.last_position.value), answer->repeated()});
  receipt.print(session.output);
  return exit_done;
}

/// Sends what `make` makes of the open bank, to the slip's account or by its own boundary.
template <typename Make>
int send(const Session& session, const Slip& slip, Access access, Make make) {
  const auto options = options_of(slip);
  if (!options) return failed(options.error());
  auto store = session.open(access);
  if (!store) return failed(store.error());
  Bank bank(std::move(*store));
  const auto command = make(bank);
  if (!command) return failed(command.error());
  using Command = std::remove_cvref_t<decltype(*command)>;
  if constexpr (std::is_same_v<Command, SendMoney>) {
    const auto answer = bank.bus().send(*command, *options);
    return print_receipt(session, bank, slip.account, answer);
  } else {
    const auto answer = bank.bus().send(slip.account, *command, *options);
    return print_receipt(session, bank, slip.account, answer);
  }
}

template <typename Command>
int send(const Session& session, const Slip& slip, Command command) {
  return send(session, slip, Access::write,
              [&](Bank&) { return Result<Command>(std::move(command)); });
}

template <typename Command>
int send_amount(const Session& session, const Slip& slip) {
  return send(session, slip, Access::write, [&](Bank& bank) -> Result<Command> {
    auto amount = amount_for(bank, slip);
    if (!amount) return std::move(amount).error();
    return Command{*amount, slip.text};
  });
}

}  // namespace

int open_account(const Session& session, const Slip& slip) {
  return send(session, slip, Access::make, [&](Bank&) -> Result<OpenAccount> {
    auto overdraft = read_amount(slip.overdraft, slip.currency);
    if (!overdraft) return std::move(overdraft).error();
    return OpenAccount{slip.owner, *overdraft};
  });
}

int deposit(const Session& session, const Slip& slip) {
  return send_amount<Deposit>(session, slip);
}

int withdraw(const Session& session, const Slip& slip) {
  return send_amount<Withdraw>(session, slip);
}

int charge(const Session& session, const Slip& slip) { return send_amount<Charge>(session, slip); }

int transfer(const Session& session, const Slip& slip) {
  return send(session, slip, Access::write, [&](Bank& bank) -> Result<SendMoney> {
    auto amount = amount_for(bank, slip);
    if (!amount) return std::move(amount).error();
    return SendMoney{slip.account, slip.to, *amount};
  });
}

int freeze(const Session& session, const Slip& slip) {
  return send(session, slip, Freeze{slip.text});
}

int unfreeze(const Session& session, const Slip& slip) { return send(session, slip, Unfreeze{}); }

int close_account(const Session& session, const Slip& slip) { return send(session, slip, Close{}); }

}  // namespace bank
