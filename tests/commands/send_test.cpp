#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "bus_test.hpp"

namespace annals {
namespace {

using namespace bank;  // NOLINT(google-build-using-namespace): the tests speak of accounts.

class SendTest : public BusTest {};

ANNALS_ON_EVERY_ENGINE(SendTest);

TEST_P(SendTest, WritesWhatWasDecided) {
  const auto bus = make_bus();
  const auto opened = bus->send("1", OpenAccount{"Ada"});
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ(opened->version, StreamVersion{0});
  EXPECT_EQ(opened->token().position, GlobalPosition{1});
  EXPECT_FALSE(opened->repeated());
  EXPECT_FALSE(opened->no_events);
  const auto deposited = bus->send("1", Deposit{10_eur});
  ASSERT_TRUE(deposited);
  EXPECT_EQ(deposited->version, StreamVersion{1});

  const auto events = read_all(store(), {.query = Query::stream("account-1")});
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[1].type, "money_deposited");
  EXPECT_EQ((*events)[1].data, R"({"amount":"10.00 EUR"})");
  EXPECT_EQ(account("1").balance, 10_eur);
}

TEST_P(SendTest, RejectionIsAnErrorWithRuleAndCutAndWritesNothing) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  open(*bus, "2", 10_eur);
  const auto refused = bus->send("1", Withdraw{11_eur});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_EQ(refused.error().rule, "insufficient-funds");
  EXPECT_EQ(refused.error().message, "balance is 10.00 EUR");
  EXPECT_EQ(refused.error().position, GlobalPosition{4});
  EXPECT_TRUE(refused.error().append_id);
  EXPECT_EQ(head(), 4U);
  EXPECT_EQ(bus->stats().rejected, 1U);
}

TEST_P(SendTest, DecisionForNoEventsIsAReceiptOfTheHead) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const auto again = bus->send("1", OpenAccount{"Ada"});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->no_events);
  EXPECT_EQ(again->version, std::nullopt);
  EXPECT_EQ(again->token().position, GlobalPosition{2});
  EXPECT_EQ(head(), 2U);
}

TEST_P(SendTest, OptionsReachTheEvents) {
  const auto bus = make_bus();
  const Timestamp known = testkit::ManualClock::beginning - std::chrono::hours(2);
  const Timestamp effective = testkit::ManualClock::beginning + std::chrono::hours(2);
  const auto opened = bus->send("1", OpenAccount{"Ada"},
                                {.known_at = known,
                                 .effective_at = effective,
                                 .actor = "Grace",
                                 .metadata = R"({"branch":7})",
                                 .correlation_id = "c1",
                                 .causation_id = "c0",
                                 .traceparent = "00-trace",
                                 .tags = {"vip", "new"}});
  ASSERT_TRUE(opened) << to_string(opened.error());
  const auto events = read_all(store(), {});
  ASSERT_TRUE(events);
  const RecordedEvent& event = events->front();
  EXPECT_EQ(event.known_at, known);
  EXPECT_EQ(event.effective_at, effective);
  EXPECT_EQ(event.actor, "Grace");
  EXPECT_EQ(event.metadata, R"({"branch":7})");
  EXPECT_EQ(event.correlation_id, "c1");
  EXPECT_EQ(event.causation_id, "c0");
  EXPECT_EQ(event.traceparent, "00-trace");
  EXPECT_EQ(std::vector<std::string_view>(event.tags.begin(), event.tags.end()),
            (std::vector<std::string_view>{"new", "owner:Ada", "vip"}));
}

TEST_P(SendTest, JsonCommandsAreReadStrictly) {
  const auto bus = make_bus();
  ASSERT_TRUE(bus->send_json("open_account", "1", R"({"owner":"Ada"})"));
  ASSERT_TRUE(bus->send_json("deposit", "1", R"({"amount":"5.00 EUR"})"));
  const auto typo = bus->send_json("withdraw", "1", R"({"amuont":"5.00 EUR"})");
  ASSERT_FALSE(typo);
  EXPECT_EQ(typo.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(typo.error().message.find("did you mean 'amount'?"), std::string::npos);
  const auto unknown = bus->send_json("dance", "1", "{}");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("dance"), std::string::npos);
  EXPECT_EQ(account("1").balance, 5_eur);
}

TEST_P(SendTest, TargetMustFitTheCommand) {
  const auto bus = make_bus();
  EXPECT_EQ(bus->send(Deposit{1_eur}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bus->send("1", Transfer{"1", "2", 1_eur}).error().code, ErrorCode::invalid_argument);
  const auto too_long = bus->send(std::string(600, 'x'), OpenAccount{"Ada"});
  EXPECT_EQ(too_long.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(head(), 0U);
}

struct Vault {
  static constexpr auto category = "vault";
  using Events = annals::Events<MoneyDeposited>;
  using Commands = annals::Commands<Deposit>;
  void evolve(const MoneyDeposited&) {}
  Decision decide(const Deposit& c) const { return MoneyDeposited{c.amount}; }
};

TEST_P(SendTest, TwoTypesForOneCommandIsAnErrorThatNamesBoth) {
  CommandBus bus(store());
  bus.add<Account>().add<Vault>();
  const auto answer = bus.send("1", Deposit{1_eur});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(answer.error().message.find("account and vault"), std::string::npos);
}

// Decides, and folds, what the command says.
struct Strange {
  std::string what;
  ANNALS_COMMAND(Strange, "strange", what);
};
struct Oddity {
  static constexpr auto category = "oddity";
  using Events = annals::Events<MoneyDeposited, MoneyWithdrawn>;
  using Commands = annals::Commands<Strange>;
  Money sum{};
  void evolve(const MoneyDeposited& e) { sum += e.amount; }
  void evolve(const MoneyWithdrawn&) { throw std::runtime_error("no way back"); }
  Decision decide(const Strange& c) const {
    if (c.what == "throw") throw std::runtime_error("boom");
    if (c.what == "throw-int") throw 7;
    if (c.what == "mixed") return MoneyDeposited{Money(1_eur) + Money(1_usd)};
    if (c.what == "overflow") {
      return MoneyDeposited{Money::of_minor(std::numeric_limits<std::int64_t>::max(), "EUR")};
    }
    if (c.what == "unfoldable") return MoneyWithdrawn{1_eur};
    if (c.what == "unlisted") return AccountOpened{"Ada"};
    if (c.what == "elsewhere") return to("other", MoneyDeposited{1_eur});
    if (c.what == "blind") return {MoneyDeposited{1_eur}, to_stream("notes", AccountOpened{"Ada"})};
    if (c.what == "bad-text") return to_stream("notes", AccountOpened{"\xFF"});
    return MoneyDeposited{1_eur};
  }
};

TEST_P(SendTest, ExceptionsOfUserCodeStopAtTheBus) {
  CommandBus bus(store());
  bus.add<Oddity>();
  const auto thrown = bus.send("1", Strange{"throw"});
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(thrown.error().message, "command strange for '1': decide threw: boom");
  EXPECT_EQ(bus.send("1", Strange{"throw-int"}).error().code, ErrorCode::invalid_argument);
  const auto unfoldable = bus.send("1", Strange{"unfoldable"});
  ASSERT_FALSE(unfoldable);
  EXPECT_NE(unfoldable.error().message.find("evolve threw: no way back"), std::string::npos);
  EXPECT_EQ(head(), 0U) << "what cannot be folded is not written";
  EXPECT_TRUE(bus.send("1", Strange{"fine"}));
}

TEST_P(SendTest, MoneyWithoutAnAnswerIsRejectedInDecideAndBeforeItReachesTheLog) {
  CommandBus bus(store());
  bus.add<Oddity>();
  EXPECT_EQ(bus.send("1", Strange{"mixed"}).error().rule, "money");
  ASSERT_TRUE(bus.send("1", Strange{"fine"}));
  const auto overflow = bus.send("1", Strange{"overflow"});
  ASSERT_FALSE(overflow);
  EXPECT_EQ(overflow.error().code, ErrorCode::rejected);
  EXPECT_EQ(overflow.error().rule, "money");
  EXPECT_EQ(head(), 1U);
  ASSERT_TRUE(bus.send("1", Strange{"fine"}));
  EXPECT_EQ(Repository<Oddity>(store()).load("1")->state.sum, 2_eur);
}

TEST_P(SendTest, EventsMustBeListedAndStayInTheBoundary) {
  CommandBus bus(store());
  bus.add<Oddity>();
  const auto unlisted = bus.send("1", Strange{"unlisted"});
  ASSERT_FALSE(unlisted);
  EXPECT_EQ(unlisted.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(unlisted.error().message.find("account_opened"), std::string::npos);
  const auto elsewhere = bus.send("1", Strange{"elsewhere"});
  ASSERT_FALSE(elsewhere);
  EXPECT_NE(elsewhere.error().message.find("boundary"), std::string::npos);
  EXPECT_EQ(bus.send("1", Strange{"bad-text"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(head(), 0U);

  const auto blind = bus.send("1", Strange{"blind"});
  ASSERT_TRUE(blind) << to_string(blind.error());
  EXPECT_EQ(store().stream_version("notes").value(), StreamVersion{0});
  EXPECT_EQ(store().stream_version("oddity-1").value(), StreamVersion{0});
}

TEST_P(SendTest, InterceptorsRunInOrderAndObserversBackwards) {
  const auto bus = make_bus();
  std::string log;
  bus->intercept([&](CommandContext& context) -> Result<void> {
    log += "a(" + std::string(context.command()) + "," + std::string(context.target()) + ")";
    context.options.actor = "stamped";
    context.when_answered(
        [&](const Result<CommandReceipt>& answer) { log += answer ? "A+" : "A-"; });
    return {};
  });
  bus->intercept([&](CommandContext& context) -> Result<void> {
    log += "b";
    context.when_answered([&](const Result<CommandReceipt>&) { log += "B"; });
    if (const auto* withdraw = context.as<Withdraw>(); withdraw && withdraw->amount == 13_eur) {
      return Error{.code = ErrorCode::rejected, .message = "not today", .rule = "unlucky"};
    }
    return {};
  });
  ASSERT_TRUE(bus->send("1", OpenAccount{"Ada"}));
  EXPECT_EQ(log, "a(open_account,1)bBA+");
  EXPECT_EQ(read_all(store(), {})->front().actor, "stamped");
  log.clear();
  const auto refused = bus->send("1", Withdraw{13_eur});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().rule, "unlucky");
  EXPECT_TRUE(refused.error().append_id);
  EXPECT_EQ(log, "a(withdraw,1)bBA-");
}

TEST_P(SendTest, InterceptorThatThrowsIsAnAnswer) {
  const auto bus = make_bus();
  bus->intercept([](CommandContext& context) -> Result<void> {
    context.when_answered([](const Result<CommandReceipt>&) { throw std::runtime_error("late"); });
    throw std::runtime_error("broken");
  });
  const auto answer = bus->send("1", OpenAccount{"Ada"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(answer.error().message.find("broken"), std::string::npos);
}

TEST_P(SendTest, CacheIsBoundedAndCanBeTurnedOff) {
  const auto small = make_bus({.cached_states_max = 2});
  for (const char* id : {"1", "2", "3"}) open(*small, id, 1_eur);
  EXPECT_EQ(small->stats().cached_states, 2U);
  EXPECT_EQ(small->stats().cache_misses, 3U);
  ASSERT_TRUE(small->send("3", Withdraw{1_eur}));
  EXPECT_EQ(small->stats().cache_misses, 3U);
  ASSERT_TRUE(small->send("1", Withdraw{1_eur}));
  EXPECT_EQ(small->stats().cache_misses, 4U) << "the least recently used one went";

  const auto off = make_bus({.cached_states_max = 0});
  ASSERT_TRUE(off->send("1", Deposit{1_eur}));
  ASSERT_TRUE(off->send("1", Deposit{1_eur}));
  EXPECT_EQ(off->stats().cached_states, 0U);
  EXPECT_EQ(off->stats().cache_hits, 0U);
  EXPECT_EQ(account("1").balance, 2_eur);
}

TEST_P(SendTest, CommandsMakeSnapshotsThatLoadsUse) {
  const auto bus = make_bus({.loader = {.snapshots = {.every = 10}}});
  open(*bus, "1", 1_eur);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(bus->send("1", Deposit{1_eur}));
  bus->loader().flush_snapshots();
  EXPECT_GE(bus->stats().loads.snapshots_saved, 5U);
  const Repository<Account> accounts(store(), {.snapshots = {.every = 10}});
  for (std::uint64_t position = 12; position <= 62; ++position) {
    const auto loaded = accounts.load("1", AsOf::position({position}));
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->snapshot_used) << position;
    EXPECT_LE(loaded->events_folded, 10U);
    EXPECT_EQ(loaded->state.balance, Money::of_minor(100 * (std::int64_t(position) - 1), "EUR"));
  }
}

// Folds the envelope, so that its state is known only after the append.
struct Journal {
  static constexpr auto category = "journal";
  using Events = annals::Events<MoneyDeposited>;
  using Commands = annals::Commands<Deposit>;
  std::uint64_t last_position = 0;
  std::uint64_t count = 0;
  void evolve(const MoneyDeposited&, const EventInfo& info) {
    last_position = info.position.value;
    ++count;
  }
  Decision decide(const Deposit& c) const {
    if (count > 0 && last_position == 0) return reject("torn", "impossible");
    return record(MoneyDeposited{c.amount}).tag("after:" + std::to_string(last_position));
  }
};

TEST_P(SendTest, StateThatFoldsEnvelopesIsReadBack) {
  CommandBus bus(store());
  bus.add<Journal>();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(bus.send("1", Deposit{1_eur}));
  const auto events = read_all(store(), {});
  ASSERT_EQ(events->size(), 5U);
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ((*events)[i].tags[0], "after:" + std::to_string(i));
  }
}

}  // namespace
}  // namespace annals
