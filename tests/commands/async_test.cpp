#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bus_test.hpp"

namespace annals {
namespace {

using namespace bank;  // NOLINT(google-build-using-namespace): the tests speak of accounts.

class AsyncTest : public BusTest {};

ANNALS_ON_EVERY_ENGINE(AsyncTest);

// The answers of many commands, as they come in.
struct Answers {
  std::mutex mutex;
  std::map<std::string, std::vector<int>> order;  // By account: which command was answered.
  int calls = 0;

  CommandCompletion note(const std::string& id, int number) {
    return [this, id, number](Result<CommandReceipt> answer) {
      EXPECT_TRUE(answer) << to_string(answer.error());
      const std::lock_guard lock(mutex);
      order[id].push_back(number);
      ++calls;
    };
  }
};

TEST_P(AsyncTest, CommandsOfOneStreamAreHandledAndAnsweredInTheOrderSent) {
  for (const std::size_t workers : {1U, 3U}) {
    Answers answers;
    const std::string run = "w" + std::to_string(workers) + "_";
    std::vector<std::string> ids;
    {
      const auto bus = make_bus({.workers = workers});
      for (int i = 0; i < 5; ++i) {
        ids.push_back(run + std::to_string(i));
        open(*bus, ids.back(), cents(1));
      }
      for (int i = 0; i < 2000; ++i) {
        const std::string& id = ids[static_cast<std::size_t>(i) % ids.size()];
        bus->send_async(id, Deposit{cents(i + 1)}, {}, answers.note(id, i));
      }
    }  // The bus waits for all of them.
    EXPECT_EQ(answers.calls, 2000);
    for (const std::string& id : ids) {
      const auto& order = answers.order[id];
      ASSERT_EQ(order.size(), 400U);
      EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
      const auto events = read_all(store(), {.query = Query::stream("account-" + id)});
      ASSERT_TRUE(events);
      ASSERT_EQ(events->size(), 402U);
      for (std::size_t i = 0; i < 400; ++i) {
        ASSERT_EQ(from_json<MoneyDeposited>((*events)[i + 2].data)->amount, cents(order[i] + 1));
      }
    }
  }
}

TEST_P(AsyncTest, FuturesAnswerToo) {
  const auto bus = make_bus();
  auto opened = bus->send_async("1", OpenAccount{"Ada"});
  auto refused = bus->send_async("1", Withdraw{1_eur});
  auto moved = bus->send_async(Transfer{"1", "2", 1_eur});
  EXPECT_TRUE(opened.get());
  EXPECT_EQ(refused.get().error().rule, "insufficient-funds");
  EXPECT_EQ(moved.get().error().rule, "not-open");
}

TEST_P(AsyncTest, EachCommandSeesWhatTheOneBeforeItDid) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  std::vector<std::future<Result<CommandReceipt>>> answers;
  for (int i = 0; i < 15; ++i) answers.push_back(bus->send_async("1", Withdraw{1_eur}));
  for (int i = 0; i < 15; ++i) {
    const auto answer = answers[static_cast<std::size_t>(i)].get();
    EXPECT_EQ(answer.has_value(), i < 10) << i;
  }
}

TEST_P(AsyncTest, MistakesAreAnsweredThroughTheCompletion) {
  const auto bus = make_bus();
  int calls = 0;
  const auto expect_invalid = [&calls](Result<CommandReceipt> answer) {
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    ++calls;
  };
  bus->send_async(Deposit{1_eur}, {}, expect_invalid);
  bus->send_json_async("dance", "1", "{}", {}, expect_invalid);
  bus->send_json_async("deposit", "1", "{}", {}, expect_invalid);
  bus->wait_idle();
  EXPECT_EQ(calls, 3);
  int accepted = 0;
  bus->send_json_async("open_account", "1", R"({"owner":"Ada"})", {},
                       [&](Result<CommandReceipt> answer) { accepted += answer ? 1 : 0; });
  bus->wait_idle();
  EXPECT_EQ(accepted, 1);
}

TEST_P(AsyncTest, NoMoreAreInFlightThanAllowed) {
  const auto bus = make_bus({.in_flight_max = 8});
  open(*bus, "1", 1_eur);
  std::atomic<std::uint64_t> most = 0;
  int answered = 0;
  for (int i = 0; i < 500; ++i) {
    bus->send_async("1", Deposit{1_eur}, {}, [&](Result<CommandReceipt> answer) {
      EXPECT_TRUE(answer);
      ++answered;
    });
    most = std::max<std::uint64_t>(most, bus->stats().in_flight);
  }
  bus->wait_idle();
  EXPECT_EQ(answered, 500);
  EXPECT_LE(most, 8U);
  EXPECT_EQ(bus->stats().in_flight, 0U);
}

TEST_P(AsyncTest, CompletionMaySendButNotWait) {
  const auto bus = make_bus({.in_flight_max = 1});
  std::atomic<int> answered = 0;
  bus->send_async("1", OpenAccount{"Ada"}, {}, [&](Result<CommandReceipt> opened) {
    EXPECT_TRUE(opened);
    const auto waiting = bus->send("2", OpenAccount{"Grace"});
    EXPECT_EQ(waiting.error().code, ErrorCode::invalid_argument);
    bus->send_async("1", Deposit{1_eur}, {}, [&](Result<CommandReceipt> deposited) {
      EXPECT_TRUE(deposited);
      ++answered;
    });
    ++answered;
    throw std::runtime_error("is dropped");
  });
  bus->wait_idle();
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(account("1").balance, 1_eur);
}

TEST_P(AsyncTest, ConflictsAreRetriedWithoutLosingTheOrder) {
  const auto other = make_bus();
  open(*other, "1", 1_eur);
  IntrudedStore intruded(store());
  std::atomic<int> appends = 0;
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    if (appends++ % 7 == 0) {
      EXPECT_TRUE(other->send("1", Withdraw{cents(1)}));
    }
    return {};
  };
  Answers answers;
  std::uint64_t conflicts = 0;
  {
    CommandBus bus(intruded);
    bus.add<Account>();
    for (int i = 0; i < 300; ++i) {
      bus.send_async("1", Deposit{cents(10)}, {}, answers.note("1", i));
    }
    bus.wait_idle();
    conflicts = bus.stats().conflicts;
  }
  EXPECT_EQ(answers.calls, 300);
  EXPECT_TRUE(std::is_sorted(answers.order["1"].begin(), answers.order["1"].end()));
  EXPECT_GT(conflicts, 30U);
  const Account account = this->account("1");
  EXPECT_EQ(account.balance, cents(100 + 3000 - static_cast<std::int64_t>(conflicts)));
}

TEST_P(AsyncTest, ConflictThatStaysIsAnsweredAfterTheLastTry) {
  const auto other = make_bus();
  open(*other, "1", 100_eur);
  IntrudedStore intruded(store());
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    EXPECT_TRUE(other->send("1", Withdraw{cents(1)}));
    return {};
  };
  CommandBus bus(intruded, {.retry = {.tries_max = 4}});
  bus.add<Account>();
  const auto answer = bus.send_async("1", Deposit{cents(10)}).get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::wrong_expected_version);
  EXPECT_EQ(bus.stats().conflicts, 4U);
}

// Waiting senders and pipelined ones, and commands over two streams, all on the same accounts.
TEST_P(AsyncTest, SendersOfBothKindsMix) {
  const auto bus = make_bus({.workers = 2});
  for (const char* id : {"1", "2", "3"}) open(*bus, id, cents(100000));
  std::vector<std::thread> threads;
  std::atomic<int> answered = 0;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 150; ++i) {
        const std::string from = std::to_string(1 + (t + i) % 3);
        const std::string to = std::to_string(1 + (t + i + 1) % 3);
        if (t % 2 == 0) {
          bus->send_async(Transfer{from, to, cents(i)}, {}, [&](Result<CommandReceipt> answer) {
            EXPECT_TRUE(answer) << to_string(answer.error());
            ++answered;
          });
        } else {
          const auto answer = bus->send(Transfer{to, from, cents(i)});
          EXPECT_TRUE(answer) << to_string(answer.error());
          ++answered;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  bus->wait_idle();
  EXPECT_EQ(answered, 900);
  EXPECT_EQ(bus->stats().conflicts, 0U) << "one bus, one order";
  Money sum;
  for (const char* id : {"1", "2", "3"}) sum += account(id).balance;
  EXPECT_EQ(sum, cents(300000));
}

}  // namespace
}  // namespace annals
