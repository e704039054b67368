#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/requests.hpp>

#include "bus_test.hpp"

namespace annals {
namespace {

using namespace bank;  // NOLINT(google-build-using-namespace): the tests speak of accounts.

TEST(TransferDecider, IsTestedWithoutAnyFramework) {
  const States<Account> accounts{{"a", {.open = true, .balance = 10_eur}},
                                 {"b", {.open = true, .balance = Money{}}}};
  const Decision moved = TransferDecider::decide({"a", "b", 4_eur}, accounts);
  ASSERT_EQ(moved.size(), 2U);
  EXPECT_EQ(moved.events()[0].target().id, "a");
  EXPECT_EQ(moved.get<MoneyDeposited>(1)->amount, 4_eur);
  EXPECT_EQ(TransferDecider::decide({"b", "a", 4_eur}, accounts).rule(), "insufficient-funds");
  EXPECT_THROW((void)accounts["c"], std::out_of_range);
  const QueryState<UserNames> taken(UserNames{.names = {"Ada"}});
  const auto users = States<User>::without_events({"1"});
  EXPECT_EQ(RegisterDecider::decide({"1", "Ada", "Ulm"}, taken, users).rule(), "name-taken");
  EXPECT_EQ(RegisterDecider::decide({"1", "Eve", "Ulm"}, taken, users).size(), 1U);
  EXPECT_EQ(RegisterDecider::decide({"1", "Eve", "Ulm"}, taken, {{"1", User{}}}).rule(),
            "registered");
  EXPECT_EQ(JoinDecider::decide({"1", "Ulm"}, {UserNames{}, JoinDecider::most}).rule(),
            "city-full");
}

class BoundaryTest : public BusTest {};

ANNALS_ON_EVERY_ENGINE(BoundaryTest);

TEST_P(BoundaryTest, CommandOverTwoAggregatesIsOneAppend) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  open(*bus, "2", 1_eur);
  const auto moved = bus->send(Transfer{"1", "2", 4_eur});
  ASSERT_TRUE(moved) << to_string(moved.error());
  EXPECT_EQ(moved->receipt.first_position, GlobalPosition{5});
  EXPECT_EQ(moved->receipt.last_position, GlobalPosition{6});
  EXPECT_EQ(moved->receipt.version_of("account-1"), StreamVersion{2});
  EXPECT_EQ(moved->receipt.version_of("account-2"), StreamVersion{2});
  EXPECT_EQ(account("1").balance, 6_eur);
  EXPECT_EQ(account("2").balance, 5_eur);
  const auto refused = bus->send(Transfer{"1", "2", 7_eur});
  EXPECT_EQ(refused.error().rule, "insufficient-funds");
  EXPECT_EQ(refused.error().position, GlobalPosition{6});
  EXPECT_EQ(head(), 6U);
}

TEST_P(BoundaryTest, IdNamedTwiceIsOneState) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const auto answer = bus->send(Transfer{"1", "1", 4_eur});
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_TRUE(answer->no_events);
}

// Deposits to one account what another one has, without touching that one.
struct Match {
  std::string of;
  std::string to;
  ANNALS_COMMAND(Match, "match", of, to);
};
struct MatchDecider {
  using Commands = annals::Commands<Match>;
  static Boundary boundary(const Match& c) {
    return Boundary{}.aggregate<Account>(c.of).aggregate<Account>(c.to);
  }
  static Decision decide(const Match& c, const States<Account>& accounts) {
    return to(c.to, MoneyDeposited{accounts[c.of].balance});
  }
};

TEST_P(BoundaryTest, StreamThatIsOnlyReadIsCheckedToo) {
  const auto other = make_bus();
  open(*other, "1", 10_eur);
  open(*other, "2", 1_eur);
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<MatchDecider>();
  bool once = true;
  intruded.before_append = [&](const AppendRequest& request) -> std::optional<Error> {
    EXPECT_EQ(request.checks.size(), 2U);
    if (std::exchange(once, false)) {
      EXPECT_TRUE(other->send("1", Deposit{5_eur}));
    }
    return {};
  };
  const auto matched = bus.send(Match{"1", "2"});
  ASSERT_TRUE(matched) << to_string(matched.error());
  EXPECT_EQ(matched->tries, 2U);
  EXPECT_EQ(account("2").balance, 16_eur);
}

TEST_P(BoundaryTest, QueryIsFoldedAtTheCutAndCheckedAfterIt) {
  const auto other = make_bus();
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<RegisterDecider>();
  bool once = true;
  intruded.before_append = [&](const AppendRequest& request) -> std::optional<Error> {
    EXPECT_EQ(request.conditions.size(), 1U);
    if (std::exchange(once, false)) {
      EXPECT_TRUE(other->send(RegisterUser{"2", "ada", "Ulm"}));
    }
    return {};
  };
  const auto answer = bus.send(RegisterUser{"1", "ada", "Bonn"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().rule, "name-taken");
  EXPECT_EQ(answer.error().position, GlobalPosition{1});
  EXPECT_EQ(bus.stats().conflicts, 1U);
}

TEST_P(BoundaryTest, NameIsGivenToOneOfManyWhoAskAtOnce) {
  const auto bus = make_bus({.retry = {.tries_max = 100}});
  const auto other = make_bus({.retry = {.tries_max = 100}});
  for (int round = 0; round < 5; ++round) {
    const std::string name = "name" + std::to_string(round);
    std::atomic<int> accepted = 0;
    std::atomic<int> taken = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        CommandBus& mine = i % 2 == 0 ? *bus : *other;
        const auto answer = mine.send(RegisterUser{name + "-" + std::to_string(i), name, "Ulm"});
        if (answer) {
          ++accepted;
        } else if (answer.error().rule == "name-taken") {
          ++taken;
        } else {
          ADD_FAILURE() << to_string(answer.error());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(taken, 7);
  }
}

TEST_P(BoundaryTest, AtMostNOfATagHoldsHoweverManyAskAtOnce) {
  const auto bus = make_bus({.retry = {.tries_max = 100}});
  const auto other = make_bus({.retry = {.tries_max = 100}});
  std::atomic<int> accepted = 0;
  std::atomic<int> full = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, i] {
      CommandBus& mine = i % 2 == 0 ? *bus : *other;
      const auto answer = mine.send(JoinCity{std::to_string(i), "Ulm"});
      if (!answer && answer.error().rule != "city-full") ADD_FAILURE() << to_string(answer.error());
      ++(answer ? accepted : full);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(accepted, 5);
  EXPECT_EQ(full, 7);
  EXPECT_EQ(head(), 5U);
}

// A purse has the same id as its account, and both know deposits.
struct Purse {
  static constexpr auto category = "purse";
  using Events = annals::Events<MoneyDeposited>;
  Money balance{};
  void evolve(const MoneyDeposited& e) { balance += e.amount; }
};
struct Fill {
  std::string id;
  std::string how;
  ANNALS_COMMAND(Fill, "fill", id, how);
};
struct FillDecider {
  using Commands = annals::Commands<Fill>;
  static Boundary boundary(const Fill& c) {
    if (c.how == "throw") throw std::runtime_error("no boundary");
    return Boundary{}.aggregate<Account>(c.id).aggregate<Purse>(c.id);
  }
  static Decision decide(const Fill& c, const States<Account>& accounts,
                         const States<Purse>& purses) {
    if (c.how == "ambiguous") return to(c.id, MoneyDeposited{1_eur});
    if (c.how == "untargeted") return MoneyDeposited{1_eur};
    if (c.how == "outside") return to("nobody", MoneyDeposited{1_eur});
    if (c.how == "unnamed") return to<Purse>(c.id, MoneyDeposited{accounts["nobody"].balance});
    return {to(c.id, MoneyWithdrawn{1_eur}),
            to<Purse>(c.id, MoneyDeposited{Money(1_eur) + purses[c.id].balance})};
  }
};

TEST_P(BoundaryTest, SeveralTypesOfAggregatesAreSeveralParameters) {
  CommandBus bus(store());
  bus.add<Account, FillDecider>();
  open(bus, "1", 10_eur);
  for (int i = 0; i < 2; ++i) {
    const auto filled = bus.send(Fill{"1", "well"});
    ASSERT_TRUE(filled) << to_string(filled.error());
  }
  EXPECT_EQ(account("1").balance, 8_eur);
  EXPECT_EQ(Repository<Purse>(store()).load("1")->state.balance, 3_eur);
}

TEST_P(BoundaryTest, MistakesInADeciderAreErrorsThatNameThem) {
  CommandBus bus(store());
  bus.add<Account, FillDecider>();
  open(bus, "1", 10_eur);
  const auto message = [&](const char* how) {
    const auto answer = bus.send(Fill{"1", how});
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    return answer.error().message;
  };
  EXPECT_NE(message("ambiguous").find("both account-1 and purse-1"), std::string::npos);
  EXPECT_NE(message("untargeted").find("needs a target"), std::string::npos);
  EXPECT_NE(message("outside").find("'nobody'"), std::string::npos);
  EXPECT_NE(message("unnamed").find("not in the command's boundary"), std::string::npos);
  EXPECT_NE(message("throw").find("no boundary"), std::string::npos);
  EXPECT_EQ(head(), 2U);
}

// Counts all deposits in the store; decides on nothing else.
struct AllDeposits {
  using Events = annals::Events<MoneyDeposited>;
  std::uint64_t count = 0;
  void evolve(const MoneyDeposited&) { ++count; }
};
struct CountDeposits {
  ANNALS_COMMAND(CountDeposits, "count_deposits");
};
struct CountDecider {
  using Commands = annals::Commands<CountDeposits>;
  static Boundary boundary(const CountDeposits&) {
    return Boundary{}
        .query<AllDeposits>(Query::type("money_deposited"))
        .unchanged(Query::type("account_opened"));
  }
  static Decision decide(const CountDeposits&, const QueryState<AllDeposits>& deposits) {
    return reject("counted", std::to_string(deposits->count));
  }
};

TEST_P(BoundaryTest, QueriesSelectEventsUnderTheirEarlierNamesToo) {
  const auto pay_in = [&](const char* stream) {
    const auto paid = store().append(testkit::append_of(
        {testkit::event_on(stream, "cash_paid_in", R"({"amount":"10.00 EUR"})")}));
    ASSERT_TRUE(paid) << to_string(paid.error());
  };
  pay_in("account-1");
  BusOptions options;
  ASSERT_TRUE(options.loader.upcasters.rename("cash_paid_in", "money_deposited"));
  IntrudedStore intruded(store());
  CommandBus bus(intruded, std::move(options));
  bus.add<CountDecider>();
  bool once = true;
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    if (std::exchange(once, false)) pay_in("account-2");
    return {};
  };
  const auto counted = bus.send(CountDeposits{});
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().message, "2") << "also what came while it was decided";
}

struct CheckNames {
  std::string id;
  std::string first;
  std::string second;
  ANNALS_COMMAND(CheckNames, "check_names", id, first, second);
};
struct CheckNamesDecider {
  using Commands = annals::Commands<CheckNames>;
  static Boundary boundary(const CheckNames& c) {
    return Boundary{}
        .aggregate<User>(c.id)
        .query<UserNames>(Query::tag("name:" + c.first))
        .query<UserNames>(Query::tag("name:" + c.second));
  }
  static Decision decide(const CheckNames&, const QueryState<UserNames>&) { return {}; }
};

TEST_P(BoundaryTest, TwoQueriesForOneTypeAreAnErrorAndTheSameOneTwiceIsNot) {
  CommandBus bus(store());
  bus.add<CheckNamesDecider>();
  const auto refused = bus.send(CheckNames{"1", "Ada", "Eve"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("two queries for one type of state"), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(bus.send(CheckNames{"1", "Ada", "Ada"}));
}

TEST_P(BoundaryTest, AnAggregateWithoutItsIdIsAnErrorAndNothingIsWritten) {
  const auto bus = make_bus();
  const auto refused = bus->send(RegisterUser{"", "Ada", "Ulm"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("category user without its id"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(head(), 0U);
}

TEST_P(BoundaryTest, QueriesThatAreNotFoldedAreWatchedToo) {
  const auto other = make_bus();
  open(*other, "1", 10_eur);
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<CountDecider>();
  bool once = true;
  intruded.before_append = [&](const AppendRequest&) -> std::optional<Error> {
    if (std::exchange(once, false)) open(*other, "2", 1_eur);
    return {};
  };
  const auto counted = bus.send(CountDeposits{});
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().message, "2") << "the rejection was decided again";
  EXPECT_EQ(counted.error().position, GlobalPosition{4});
}

}  // namespace
}  // namespace annals
