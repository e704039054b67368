// Invariants checked, after many threads have sent conflicting commands to few accounts:
// - Each accepted command is in the log exactly once, and nothing else is.
// - Money is neither made nor lost.
// - No event breaks a rule of the state before it.
// - Every rejection is justified by the log at the position it names.

#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <annals/aggregates/repository.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "bank.hpp"
#include "test_data.hpp"

namespace bank {
namespace {

using namespace annals::literals;

constexpr int threads = 16;
constexpr std::array<const char*, 4> names = {"a", "b", "c", "d"};

/// What one thread asked and was answered.
struct Attempt {
  enum class Kind { deposit, withdraw, transfer } kind;
  std::string account;
  std::string to;
  Money amount{};
  annals::Result<annals::CommandReceipt> answer;
};

Attempt attempt(annals::CommandBus& bus, std::mt19937_64& random) {
  const std::string account = names[random() % names.size()];
  const std::string to = names[random() % names.size()];
  const Money amount = Money::of_minor(1 + static_cast<std::int64_t>(random() % 5'000), "EUR");
  switch (random() % 4) {
    case 0:
      return {Attempt::Kind::deposit, account, "", amount, bus.send(account, Deposit{amount, ""})};
    case 1:
      return {Attempt::Kind::withdraw, account, "", amount,
              bus.send(account, Withdraw{amount, ""})};
    default:
      return {Attempt::Kind::transfer, account, to, amount,
              bus.send(SendMoney{account, to, amount})};
  }
}

/// The amount of an event, read apart from the codec.
Money amount_in(const annals::RecordedEvent& event) {
  const std::string text(event.data);
  const auto start = text.find("\"amount\":\"") + 10;
  return annals::parse_money(text.substr(start, text.find('"', start) - start)).value();
}

/// Whether the events at the receipt's positions are what the accepted attempt asked for.
bool is_in_log(const annals::RecordedEvents& log, const Attempt& attempt) {
  const annals::Receipt& receipt = attempt.answer->receipt;
  const auto is = [&](annals::GlobalPosition position, const std::string& account,
                      std::string_view type) {
    const annals::RecordedEvent& event = log[position.value - 1];
    return event.stream == "account-" + account && event.type == type &&
           amount_in(event) == attempt.amount;
  };
  const bool one = receipt.first_position == receipt.last_position;
  switch (attempt.kind) {
    case Attempt::Kind::deposit:
      return one && is(receipt.first_position, attempt.account, "money_deposited");
    case Attempt::Kind::withdraw:
      return one && is(receipt.first_position, attempt.account, "money_withdrawn");
    case Attempt::Kind::transfer:
      return receipt.last_position.value == receipt.first_position.value + 1 &&
             is(receipt.first_position, attempt.account, "money_sent") &&
             is(receipt.last_position, attempt.to, "money_received");
  }
  return false;
}

/// The rule by which the log up to `position` says no to the attempt; empty if it says yes.
std::string rule_at(annals::EventStore& store, const Attempt& attempt,
                    annals::GlobalPosition position) {
  const annals::Repository<Account> accounts(store);
  const auto as_of = annals::AsOf::position(position);
  const Account from = accounts.load(attempt.account, as_of).value().state;
  switch (attempt.kind) {
    case Attempt::Kind::deposit:
      return std::string(from.decide(Deposit{attempt.amount, ""}).rule());
    case Attempt::Kind::withdraw:
      return std::string(from.decide(Withdraw{attempt.amount, ""}).rule());
    case Attempt::Kind::transfer: break;
  }
  const Account to = accounts.load(attempt.to, as_of).value().state;
  const annals::States<Account> states{{attempt.account, from}, {attempt.to, to}};
  const SendMoney command{attempt.account, attempt.to, attempt.amount};
  return std::string(Transfer::decide(command, states).rule());
}

TEST(Hammer, ConflictingCommandsOnFewAccountsKeepEveryPromise) {
  const annals::testkit::TemporaryFolder folder;
  const std::uint64_t seed = annals::testkit::seed(16);
  // Without waiting for the device threads meet far more often.
  auto opened =
      open_bank({.path = folder.path(), .durability = annals::Durability::survives_process_only});
  ASSERT_TRUE(opened) << to_string(opened.error());
  Bank& bank = **opened;
  // A second bus, as of another service: one bus alone would keep its commands in order and never
  // be in conflict. A rejection must hold for both.
  annals::BusOptions options;
  options.retry.tries_max = 100;
  annals::CommandBus other(bank.store(), options);
  other.add<Account, Transfer>();
  for (const char* name : names) {
    ASSERT_TRUE(bank.bus().send(name, OpenAccount{name, 20_eur}));
  }

  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(soak() ? 30 : 3);
  std::array<std::vector<Attempt>, threads> attempts;
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      std::mt19937_64 random(seed * threads + i);
      annals::CommandBus& bus = i % 2 == 0 ? bank.bus() : other;
      while (std::chrono::steady_clock::now() < end) {
        attempts[i].push_back(attempt(bus, random));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();

  const auto log = annals::read_all(bank.store(), {});
  ASSERT_TRUE(log) << to_string(log.error());
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t gave_up = 0;
  std::uint64_t events = names.size();
  std::set<std::uint64_t> positions;
  Money paid_in{};
  for (const auto& list : attempts) {
    for (const Attempt& attempt : list) {
      if (attempt.answer) {
        const annals::Receipt& receipt = attempt.answer->receipt;
        const std::uint64_t count = attempt.kind == Attempt::Kind::transfer ? 2 : 1;
        ASSERT_TRUE(is_in_log(*log, attempt)) << to_string(receipt.first_position);
        ASSERT_TRUE(positions.insert(receipt.first_position.value).second);
        if (attempt.kind == Attempt::Kind::deposit) paid_in += attempt.amount;
        if (attempt.kind == Attempt::Kind::withdraw) paid_in -= attempt.amount;
        events += count;
        ++accepted;
      } else if (attempt.answer.error().code == annals::ErrorCode::rejected) {
        ++rejected;
        // Each twentieth is enough: loading as of a position folds the whole stream.
        if (rejected % 20 != 0) continue;
        const annals::Error& error = attempt.answer.error();
        ASSERT_TRUE(error.position);
        ASSERT_EQ(rule_at(bank.store(), attempt, *error.position), error.rule) << error.message;
      } else {
        ASSERT_EQ(attempt.answer.error().code, annals::ErrorCode::wrong_expected_version)
            << to_string(attempt.answer.error());
        ++gave_up;
      }
    }
  }
  const std::uint64_t conflicts = bank.bus().stats().conflicts + other.stats().conflicts;
  std::cout << accepted << " accepted, " << rejected << " rejected, " << gave_up
            << " gave up, after " << conflicts << " conflicts\n";
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(rejected, 0U);
  EXPECT_GT(conflicts, 0U);
  EXPECT_EQ(bank.store().head().position.value, events);

  // Every event in the order of the log, against the rules.
  std::map<std::string, Money, std::less<>> balances;
  for (const auto& event : *log) {
    Money& balance = balances[std::string(event.stream)];
    if (event.type == "money_deposited" || event.type == "money_received") {
      balance += amount_in(event);
    } else if (event.type == "money_withdrawn" || event.type == "money_sent") {
      balance -= amount_in(event);
      ASSERT_GE(balance, -(20_eur)) << "position " << event.position.value;
    }
  }
  Money sum{};
  for (const auto& [stream, balance] : balances) sum += balance;
  EXPECT_EQ(sum, paid_in);
  const annals::Repository<Account> accounts(bank.store());
  for (const char* name : names) {
    EXPECT_EQ(accounts.load(name).value().state.balance, balances[std::string("account-") + name]);
  }
}

}  // namespace
}  // namespace bank
