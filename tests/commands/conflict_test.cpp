#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "bus_test.hpp"

namespace annals {
namespace {

using namespace bank;  // NOLINT(google-build-using-namespace): the tests speak of accounts.
using std::chrono::microseconds;

class ConflictTest : public BusTest {};

ANNALS_ON_EVERY_ENGINE(ConflictTest);

TEST_P(ConflictTest, WriterInBetweenMakesItDecideAgain) {
  const auto other = make_bus();
  open(*other, "1", 10_eur);
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<Account>();
  bool once = true;
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    if (std::exchange(once, false)) {
      EXPECT_TRUE(other->send("1", Withdraw{8_eur}));
    }
    return {};
  };
  const auto refused = bus.send("1", Withdraw{5_eur});
  ASSERT_FALSE(refused) << "on the balance it first saw it would have been accepted";
  EXPECT_EQ(refused.error().rule, "insufficient-funds");
  EXPECT_EQ(bus.stats().conflicts, 1U);
  EXPECT_EQ(account("1").balance, 2_eur);
}

TEST_P(ConflictTest, RejectionOnAStateThatHasMovedIsDecidedAgain) {
  const auto other = make_bus();
  open(*other, "1", 1_eur);
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<Account>();
  bool once = true;
  intruded.before_append = [&](const AppendRequest& request) -> std::optional<Error> {
    if (!std::exchange(once, false)) return {};
    EXPECT_TRUE(request.events.empty()) << "about to be rejected";
    EXPECT_TRUE(other->send("1", Deposit{9_eur}));
    return {};
  };
  const auto accepted = bus.send("1", Withdraw{5_eur});
  ASSERT_TRUE(accepted) << to_string(accepted.error());
  EXPECT_EQ(accepted->tries, 2U);
}

TEST_P(ConflictTest, TriesAreBoundedAndTheDelaysBetweenThemGrow) {
  const auto other = make_bus();
  open(*other, "1", 1_eur);
  IntrudedStore intruded(store());
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    EXPECT_TRUE(other->send("1", Deposit{1_eur}));
    return {};
  };
  const auto delays_of = [&](std::uint64_t seed) {
    std::vector<microseconds> delays;
    CommandBus bus(intruded,
                   {.retry = {.tries_max = 6,
                              .first_delay = microseconds(100),
                              .max_delay = microseconds(250),
                              .seed = seed,
                              .sleep = [&](microseconds delay) { delays.push_back(delay); }}});
    bus.add<Account>();
    const auto answer = bus.send("1", Deposit{1_eur});
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::wrong_expected_version);
    EXPECT_NE(answer.error().message.find("6 tries"), std::string::npos);
    EXPECT_TRUE(answer.error().append_id);
    EXPECT_EQ(bus.stats().conflicts, 6U);
    return delays;
  };
  const auto delays = delays_of(7);
  ASSERT_LE(delays.size(), 4U) << "the first new try is at once";
  ASSERT_GE(delays.size(), 3U) << "a random time is rarely zero";
  for (const microseconds delay : delays) EXPECT_LE(delay, microseconds(250));
  EXPECT_LE(delays[0], microseconds(100));
  EXPECT_EQ(delays_of(7), delays);
  EXPECT_NE(delays_of(8), delays);
}

TEST_P(ConflictTest, LostAnswerOfAWrittenAppendIsSettled) {
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<Account>();
  ASSERT_TRUE(bus.send("1", OpenAccount{"Ada"}));
  bool once = true;
  intruded.after_append = [&](const AppendRequest& request) -> std::optional<Error> {
    if (!std::exchange(once, false)) return {};
    return Error{.code = ErrorCode::outcome_unknown, .message = "lost", .append_id = request.id};
  };
  const auto deposited = bus.send("1", Deposit{5_eur});
  ASSERT_TRUE(deposited) << to_string(deposited.error());
  EXPECT_FALSE(deposited->repeated());
  EXPECT_EQ(deposited->version, StreamVersion{1});
  EXPECT_EQ(account("1").balance, 5_eur);
  ASSERT_TRUE(bus.send("1", Withdraw{5_eur}));
}

TEST_P(ConflictTest, LostAnswerOfAnAppendThatWasNotWrittenIsTriedAgain) {
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<Account>();
  ASSERT_TRUE(bus.send("1", OpenAccount{"Ada"}));
  bool once = true;
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    if (!std::exchange(once, false)) return {};
    return Error{.code = ErrorCode::outcome_unknown, .message = "lost"};
  };
  const auto deposited = bus.send("1", Deposit{5_eur});
  ASSERT_TRUE(deposited) << to_string(deposited.error());
  EXPECT_EQ(deposited->tries, 2U);
  EXPECT_EQ(account("1").balance, 5_eur);
  EXPECT_EQ(head(), 2U);
}

TEST_P(ConflictTest, OtherErrorsOfTheStoreAreTheAnswer) {
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<Account>();
  intruded.before_append = [](const AppendRequest&) -> std::optional<Error> {
    return Error{.code = ErrorCode::unavailable, .message = "disk full"};
  };
  const auto answer = bus.send("1", OpenAccount{"Ada"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  intruded.before_append = nullptr;
  EXPECT_TRUE(bus.send("1", OpenAccount{"Ada"})) << "the state was not spoiled";
  EXPECT_EQ(head(), 1U);
}

// Two writers take turns at random; the balance is known exactly, so every answer is.
TEST_P(ConflictTest, CachedStateNeverRefusesAndNeverAcceptsWrongly) {
  std::mt19937_64 random(testkit::seed(20240229));
  const auto one = make_bus();
  const auto two = make_bus({.cached_states_max = 2});
  std::map<std::string, std::int64_t> balances;
  for (const char* id : {"1", "2", "3"}) {
    open(*one, id, cents(1000));
    balances[id] = 1000;
  }
  int rejections = 0;
  for (int i = 0; i < 6000; ++i) {
    CommandBus& bus = random() % 2 == 0 ? *one : *two;
    const std::string id = std::to_string(1 + random() % 3);
    const bool deposits = random() % 2 == 0;
    const auto amount = static_cast<std::int64_t>(random() % (deposits ? 600 : 1000) + 1);
    std::int64_t& balance = balances[id];
    if (deposits) {
      ASSERT_TRUE(bus.send(id, Deposit{cents(amount)}));
      balance += amount;
      continue;
    }
    const auto answer = bus.send(id, Withdraw{cents(amount)});
    ASSERT_EQ(answer.has_value(), balance >= amount) << "balance " << balance << ", " << amount;
    if (answer) {
      balance -= amount;
    } else {
      ++rejections;
      ASSERT_EQ(answer.error().rule, "insufficient-funds");
      ASSERT_EQ(answer.error().position->value, head());
    }
  }
  for (const auto& [id, balance] : balances) EXPECT_EQ(account(id).balance, cents(balance));
  EXPECT_GT(rejections, 100);
}

std::chrono::milliseconds hammering_time() {
  return std::getenv("ANNALS_SOAK") != nullptr ? std::chrono::seconds(30)
                                               : std::chrono::milliseconds(1000);
}

// What one thread was told.
struct Told {
  std::vector<AppendId> accepted;
  std::vector<AppendId> in_conflict;
  struct Rejected {
    std::string id;
    Money amount;
    GlobalPosition position;
  };
  std::vector<Rejected> rejected;
  std::int64_t deposited = 0;  // Minus what was withdrawn.
};

void hammer(CommandBus& bus, std::uint64_t seed, std::chrono::steady_clock::time_point end,
            Told& told) {
  std::mt19937_64 random(seed);
  while (std::chrono::steady_clock::now() < end) {
    const std::string id = std::to_string(random() % 4);
    const std::string to = std::to_string(random() % 4);
    const auto amount = static_cast<std::int64_t>(random() % 700 + 1);
    const auto kind = random() % 4;
    const AppendId append = new_append_id();
    Result<CommandReceipt> answer = kind == 0 ? bus.send(id, Deposit{cents(amount)}, {.id = append})
                                    : kind == 1
                                        ? bus.send(id, Withdraw{cents(amount)}, {.id = append})
                                        : bus.send(Transfer{id, to, cents(amount)}, {.id = append});
    if (answer) {
      if (!answer->no_events) told.accepted.push_back(append);
      if (kind == 0) told.deposited += amount;
      if (kind == 1) told.deposited -= amount;
    } else if (answer.error().code == ErrorCode::rejected) {
      told.rejected.push_back({id, cents(amount), *answer.error().position});
    } else if (answer.error().code == ErrorCode::wrong_expected_version) {
      told.in_conflict.push_back(append);
    } else {
      ADD_FAILURE() << to_string(answer.error());
    }
  }
}

// 16 threads, two buses, four accounts. Invariants checked:
//   - every accepted command is in the log once, every other one not at all;
//   - money is neither made nor lost;
//   - no balance was ever below zero;
//   - every rejection is justified at the position that it names.
TEST_P(ConflictTest, HammeredAccountsKeepEveryRule) {
  const std::uint64_t seed = testkit::seed(4711);
  const auto one = make_bus({.loader = {.snapshots = {.every = 50}}});
  const auto two = make_bus();
  for (int id = 0; id < 4; ++id) open(*one, std::to_string(id), cents(1000));

  std::vector<Told> told(16);
  std::vector<std::thread> threads;
  const auto end = std::chrono::steady_clock::now() + hammering_time();
  for (std::size_t i = 0; i < told.size(); ++i) {
    threads.emplace_back([&, i] { hammer(i % 2 == 0 ? *one : *two, seed + i, end, told[i]); });
  }
  for (std::thread& thread : threads) thread.join();

  std::int64_t expected = 4000;
  std::size_t accepted = 0;
  std::size_t rejected = 0;
  for (const Told& mine : told) {
    expected += mine.deposited;
    accepted += mine.accepted.size();
    for (const AppendId& id : mine.accepted) {
      const auto found = store().find_append(id);
      ASSERT_TRUE(found && *found);
    }
    for (const AppendId& id : mine.in_conflict) {
      const auto found = store().find_append(id);
      ASSERT_TRUE(found && !*found) << "in conflict, and written all the same";
    }
    rejected += mine.rejected.size();
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(rejected, 10U);
  EXPECT_EQ(store().stats().appends, accepted + 8);

  // The whole history of each account, by position.
  std::map<std::string, std::map<std::uint64_t, Money>> history;
  Money sum;
  for (int id = 0; id < 4; ++id) {
    const std::string name = std::to_string(id);
    Account account;
    const auto events = read_all(store(), {.query = Query::stream("account-" + name)});
    ASSERT_TRUE(events);
    for (const RecordedEvent& event : *events) {
      if (event.type == "money_deposited") {
        account.evolve(*from_json<MoneyDeposited>(event.data));
      } else if (event.type == "money_withdrawn") {
        account.evolve(*from_json<MoneyWithdrawn>(event.data));
      }
      ASSERT_FALSE(account.balance.is_negative()) << "position " << event.position.value;
      history[name][event.position.value] = account.balance;
    }
    sum += account.balance;
  }
  EXPECT_EQ(sum, cents(expected));
  for (const Told& mine : told) {
    for (const Told::Rejected& rejection : mine.rejected) {
      const auto& balances = history[rejection.id];
      const auto after = balances.upper_bound(rejection.position.value);
      ASSERT_NE(after, balances.begin());
      ASSERT_LT(std::prev(after)->second, rejection.amount)
          << "rejected at position " << rejection.position.value << " without a reason";
    }
  }
}

}  // namespace
}  // namespace annals
