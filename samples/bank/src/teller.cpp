#include "teller.hpp"

#include <cctype>
#include <memory>
#include <utility>

#include <annals/aggregates/repository.hpp>

#include "bank.hpp"

namespace bank {

using annals::Result;

namespace {

annals::CommandOptions options_of(const Slip& slip) {
  if (slip.id.empty()) return {};
  const auto id = annals::parse_id<annals::AppendIdTag>(slip.id);
  return {.id = id ? *id : annals::append_id_of("bank/" + slip.id)};
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

template <typename Command>
int send(const Session& session, const Slip& slip, Command command) {
  auto bank = open_bank(session.to_write());
  if (!bank) return failed(bank.error());
  const auto answer = (*bank)->bus().send(slip.account, std::move(command), options_of(slip));
  return print_receipt(session, **bank, slip.account, answer);
}

template <typename Command>
int send_amount(const Session& session, const Slip& slip) {
  auto bank = open_bank(session.to_write());
  if (!bank) return failed(bank.error());
  const auto amount = amount_for(**bank, slip);
  if (!amount) return failed(amount.error());
  const auto answer =
      (*bank)->bus().send(slip.account, Command{*amount, slip.text}, options_of(slip));
  return print_receipt(session, **bank, slip.account, answer);
}

}  // namespace

int open_account(const Session& session, const Slip& slip) {
  const auto overdraft = read_amount(slip.overdraft, slip.currency);
  if (!overdraft) return failed(overdraft.error());
  auto bank = open_bank(session.to_make());
  if (!bank) return failed(bank.error());
  const auto answer =
      (*bank)->bus().send(slip.account, OpenAccount{slip.owner, *overdraft}, options_of(slip));
  return print_receipt(session, **bank, slip.account, answer);
}

int deposit(const Session& session, const Slip& slip) {
  return send_amount<Deposit>(session, slip);
}

int withdraw(const Session& session, const Slip& slip) {
  return send_amount<Withdraw>(session, slip);
}

int charge(const Session& session, const Slip& slip) { return send_amount<Charge>(session, slip); }

int transfer(const Session& session, const Slip& slip) {
  auto bank = open_bank(session.to_write());
  if (!bank) return failed(bank.error());
  const auto amount = amount_for(**bank, slip);
  if (!amount) return failed(amount.error());
  const auto answer =
      (*bank)->bus().send(SendMoney{slip.account, slip.to, *amount}, options_of(slip));
  return print_receipt(session, **bank, slip.account, answer);
}

int freeze(const Session& session, const Slip& slip) {
  return send(session, slip, Freeze{slip.text});
}

int unfreeze(const Session& session, const Slip& slip) { return send(session, slip, Unfreeze{}); }

int close_account(const Session& session, const Slip& slip) { return send(session, slip, Close{}); }

}  // namespace bank
