#include <chrono>
#include <limits>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <annals/aggregates/repository.hpp>
#include <annals/codec/json.hpp>
#include <annals/codec/json_value.hpp>

#include "account.hpp"
#include "engines.hpp"

namespace annals {
namespace {

using bank::Account;
using bank::AccountOpened;
using bank::MoneyDeposited;
using bank::MoneyWithdrawn;

class RepositoryTest : public EngineTest {
 protected:
  Receipt append(NewEvent event) {
    const std::string stream = event.stream;
    auto receipt = store().append(
        {.events = {std::move(event)}, .checks = {{stream, ExpectedVersion::any()}}});
    EXPECT_TRUE(receipt) << to_string(receipt.error());
    return *std::move(receipt);
  }
  template <typename E>
  Receipt append(const std::string& id, const E& event) {
    return append(
        {.stream = "account-" + id, .type = std::string(event_name<E>()), .data = *to_json(event)});
  }
  void deposit(const std::string& id, int times) {
    for (int i = 0; i < times; ++i) append(id, MoneyDeposited{1_eur});
  }
};

ANNALS_ON_EVERY_ENGINE(RepositoryTest);

/// A snapshot after so many events, and never because a load was slow: a busy machine would change
/// the counts.
SnapshotPolicy every(std::uint64_t events) {
  return {.every = events, .slow_load = std::chrono::hours(1)};
}

TEST_P(RepositoryTest, LoadsTheFoldOfTheStream) {
  append("1", AccountOpened{"Ada"});
  append("1", MoneyDeposited{10_eur});
  append("2", MoneyDeposited{99_eur});
  append("1", MoneyWithdrawn{3_eur});
  const Repository<Account> accounts(store());
  const auto loaded = accounts.load("1");
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_TRUE(loaded->state.open);
  EXPECT_EQ(loaded->state.balance, 7_eur);
  EXPECT_EQ(loaded->version, StreamVersion{2});
  EXPECT_EQ(loaded->position, GlobalPosition{4});
  EXPECT_EQ(loaded->cut.position, GlobalPosition{4});
  EXPECT_EQ(loaded->events_folded, 3U);
  EXPECT_FALSE(loaded->snapshot_used);
}

TEST_P(RepositoryTest, UnknownStreamIsTheInitialStateUnlessItMustExist) {
  append("1", AccountOpened{"Ada"});
  const Repository<Account> accounts(store());
  const auto loaded = accounts.load("nobody");
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->exists());
  EXPECT_FALSE(loaded->state.open);
  EXPECT_EQ(loaded->cut.position, GlobalPosition{1});
  const auto required = accounts.load("nobody", Existence::required);
  ASSERT_FALSE(required);
  EXPECT_EQ(required.error().code, ErrorCode::stream_not_found);
  EXPECT_TRUE(accounts.load("1", Existence::required));
}

TEST_P(RepositoryTest, LoadsAsOfPositionTimeAndVersion) {
  append("1", AccountOpened{"Ada"});
  clock().advance(std::chrono::hours(1));
  append("1", MoneyDeposited{10_eur});
  const Timestamp second = clock().now();
  clock().advance(std::chrono::hours(1));
  append("2", MoneyDeposited{1_eur});
  append("1", MoneyWithdrawn{3_eur});

  const Repository<Account> accounts(store());
  EXPECT_EQ(accounts.load("1", AsOf::position({1}))->state.balance, Money{});
  EXPECT_EQ(accounts.load("1", AsOf::position({2}))->state.balance, 10_eur);
  EXPECT_EQ(accounts.load("1", AsOf::position({3}))->state.balance, 10_eur);
  EXPECT_EQ(accounts.load("1", AsOf::position({3}))->version, StreamVersion{1});
  EXPECT_EQ(accounts.load("1", AsOf::position({4}))->state.balance, 7_eur);
  EXPECT_FALSE(accounts.load("1", AsOf::position({0}))->exists());
  EXPECT_EQ(accounts.load("1", AsOf::position({5})).error().code, ErrorCode::diverged);

  const auto at_time = accounts.load("1", AsOf::recorded(second));
  ASSERT_TRUE(at_time);
  EXPECT_EQ(at_time->state.balance, 10_eur);
  EXPECT_EQ(at_time->cut.position, GlobalPosition{2});
  EXPECT_FALSE(
      accounts.load("1", AsOf::recorded(testkit::ManualClock::beginning - std::chrono::hours(1)))
          ->exists());

  EXPECT_EQ(accounts.load("1", StreamVersion{1})->state.balance, 10_eur);
  EXPECT_EQ(accounts.load("1", StreamVersion{2})->state.balance, 7_eur);
  EXPECT_EQ(accounts.load("1", StreamVersion{3}).error().code, ErrorCode::invalid_argument);
}

TEST_P(RepositoryTest, SnapshotsShortenLoadsAndChangeNothing) {
  deposit("1", 57);
  const Repository<Account> accounts(store(), {.snapshots = every(10)});
  const auto first = accounts.load("1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->events_folded, 57U);
  EXPECT_FALSE(first->snapshot_used);
  accounts.flush_snapshots();
  EXPECT_EQ(accounts.stats().snapshots_saved, 1U);

  deposit("1", 3);
  const auto second = accounts.load("1");
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->snapshot_used);
  EXPECT_EQ(second->events_folded, 3U);
  EXPECT_EQ(second->state.balance, 60_eur);
  EXPECT_EQ(second->version, StreamVersion{59});
  EXPECT_EQ(second->position, GlobalPosition{60});
  EXPECT_EQ(accounts.stats().snapshot_hits, 1U);
  accounts.flush_snapshots();
  EXPECT_EQ(accounts.stats().snapshots_saved, 1U) << "only 3 events after the last one";

  const auto earlier = accounts.load("1", AsOf::position({30}));
  ASSERT_TRUE(earlier);
  EXPECT_FALSE(earlier->snapshot_used) << "the only snapshot is later than the cut";
  EXPECT_EQ(earlier->state.balance, 30_eur);
}

TEST_P(RepositoryTest, EveryCutIsTheSameWithSnapshotsAndWithout) {
  for (int i = 0; i < 120; ++i) append(i % 3 == 0 ? "2" : "1", MoneyDeposited{1_eur});
  const Repository<Account> with(store(), {.snapshots = every(10)});
  const Repository<Account> without(store(), {.snapshots = {.every = 0}});
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t position = 0; position <= 120; ++position) {
      const auto a = with.load("1", AsOf::position({position}));
      const auto b = without.load("1", AsOf::position({position}));
      ASSERT_TRUE(a && b);
      ASSERT_EQ(a->state.balance, b->state.balance) << "position " << position;
      ASSERT_EQ(a->version, b->version);
      if (position % 16 == 0) with.flush_snapshots();
    }
  }
  EXPECT_GT(with.stats().snapshot_hits, 100U);
  EXPECT_EQ(without.stats().snapshot_hits, 0U);
  EXPECT_LT(with.stats().events_folded, without.stats().events_folded / 2);
}

// The same stored name and category, another fold: what a later release of the program could be.
struct DoubledAccount {
  static constexpr auto category = "account";
  static constexpr int fold_version = 2;
  using Events = annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn>;
  bool open = false;
  Money balance{};
  std::uint64_t entries = 0;
  ANNALS_STATE(DoubledAccount, open, balance, entries);
  void evolve(const AccountOpened&) { open = true; }
  void evolve(const MoneyDeposited& e) { balance += 2 * e.amount; }
  void evolve(const MoneyWithdrawn& e) { balance -= 2 * e.amount; }
};

struct SlimAccount {
  static constexpr auto category = "account";
  using Events = annals::Events<AccountOpened, MoneyDeposited, MoneyWithdrawn>;
  Money balance{};
  ANNALS_STATE(SlimAccount, balance);
  void evolve(const AccountOpened&) {}
  void evolve(const MoneyDeposited& e) { balance += e.amount; }
  void evolve(const MoneyWithdrawn& e) { balance -= e.amount; }
};

TEST_P(RepositoryTest, SnapshotOfAnotherFoldOrShapeIsIgnored) {
  deposit("1", 20);
  const Repository<Account> accounts(store(), {.snapshots = every(10)});
  ASSERT_TRUE(accounts.load("1"));
  accounts.flush_snapshots();
  ASSERT_TRUE(accounts.load("1")->snapshot_used);

  const Repository<DoubledAccount> doubled(store(), {.snapshots = every(10)});
  const auto other_fold = doubled.load("1");
  ASSERT_TRUE(other_fold);
  EXPECT_FALSE(other_fold->snapshot_used);
  EXPECT_EQ(other_fold->state.balance, 40_eur);

  const Repository<SlimAccount> slim(store(), {.snapshots = every(10)});
  const auto other_shape = slim.load("1");
  ASSERT_TRUE(other_shape);
  EXPECT_FALSE(other_shape->snapshot_used);
  EXPECT_EQ(other_shape->state.balance, 20_eur);
}

TEST_P(RepositoryTest, SnapshotThatCannotBeReadIsFoldedAgain) {
  deposit("1", 20);
  const auto& type = fold_type_of<Account>();
  ASSERT_TRUE(store().save_snapshot({.stream = "account-1",
                                     .version = {9},
                                     .position = {10},
                                     .link = *store().link_at({10}),
                                     .fingerprint = type.fingerprint(),
                                     .data = R"({"open":true,"bal)"}));
  const Repository<Account> accounts(store(), {.snapshots = every(100)});
  const auto loaded = accounts.load("1");
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(loaded->snapshot_used);
  EXPECT_EQ(loaded->state.balance, 20_eur);
  EXPECT_EQ(accounts.stats().snapshots_ignored, 1U);
}

TEST_P(RepositoryTest, SlowLoadIsKeptHoweverFewItsEvents) {
  deposit("1", 2);
  const Repository<Account> accounts(
      store(), {.snapshots = {.every = 100, .slow_load = std::chrono::microseconds(-1)}});
  ASSERT_TRUE(accounts.load("1"));
  accounts.flush_snapshots();
  EXPECT_EQ(accounts.load("1")->snapshot_used, true);
}

TEST_P(RepositoryTest, UnknownEventTypeIsUnsupportedAndNamesItsPosition) {
  append("1", AccountOpened{"Ada"});
  append({.stream = "account-1", .type = "account_painted", .data = "{}"});
  const Repository<Account> accounts(store());
  const auto loaded = accounts.load("1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::unsupported);
  EXPECT_EQ(loaded.error().position, GlobalPosition{2});
  EXPECT_NE(loaded.error().message.find("account_painted"), std::string::npos);
  EXPECT_TRUE(accounts.load("1", AsOf::position({1})));
}

struct TolerantAccount {
  static constexpr auto category = "account";
  static constexpr bool ignore_unknown_events = true;
  using Events = annals::Events<MoneyDeposited>;
  Money balance{};
  void evolve(const MoneyDeposited& e) { balance += e.amount; }
};

TEST_P(RepositoryTest, UnknownEventTypeIsSkippedByAStateThatSaysSo) {
  append("1", AccountOpened{"Ada"});
  append("1", MoneyDeposited{5_eur});
  const auto loaded = Repository<TolerantAccount>(store()).load("1");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->state.balance, 5_eur);
  EXPECT_EQ(loaded->version, StreamVersion{1});
}

TEST_P(RepositoryTest, EventThatIsNotWhatItsTypeSaysIsCorrupt) {
  append("1", AccountOpened{"Ada"});
  append({.stream = "account-1", .type = "money_deposited", .data = R"({"amount":"much"})"});
  const auto loaded = Repository<Account>(store()).load("1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_EQ(loaded.error().position, GlobalPosition{2});
}

TEST_P(RepositoryTest, NewerSchemaVersionIsUnsupported) {
  append({.stream = "account-1",
          .type = "money_deposited",
          .data = R"({"amount":"1.00 EUR"})",
          .schema_version = 2});
  const auto loaded = Repository<Account>(store()).load("1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::unsupported);
  EXPECT_EQ(loaded.error().position, GlobalPosition{1});
}

TEST_P(RepositoryTest, BinaryContentIsUnsupported) {
  append({.stream = "account-1",
          .type = "money_deposited",
          .data = std::string("\x01\x02", 2),
          .content_type = ContentType::binary});
  const auto loaded = Repository<Account>(store()).load("1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::unsupported);
}

TEST_P(RepositoryTest, MoneyThatOverflowsInAFoldStopsItAtTheEvent) {
  const Money most = Money::of_minor(std::numeric_limits<std::int64_t>::max(), "EUR");
  append("1", MoneyDeposited{most});
  append("1", MoneyDeposited{1_eur});
  const auto loaded = Repository<Account>(store()).load("1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_EQ(loaded.error().position, GlobalPosition{2});
  EXPECT_EQ(Repository<Account>(store()).load("1", AsOf::position({1}))->state.balance, most);
}

struct ThrowingAccount {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyDeposited>;
  void evolve(const MoneyDeposited&) { throw 42; }
};

TEST_P(RepositoryTest, WhatEvolveThrowsStopsAtTheDoor) {
  append("1", MoneyDeposited{1_eur});
  const auto loaded = Repository<ThrowingAccount>(store()).load("1");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_EQ(loaded.error().position, GlobalPosition{1});
}

// Looks at the envelope.
struct AuditedAccount {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyDeposited>;
  std::string last_actor;
  Timestamp last_at{};
  StreamVersion last_version{};
  void evolve(const MoneyDeposited&, const EventInfo& info) {
    last_actor = info.actor.value_or("nobody");
    last_at = info.effective_at;
    last_version = info.version;
  }
};

TEST_P(RepositoryTest, EvolveMaySeeTheEnvelope) {
  const Timestamp effective = testkit::ManualClock::beginning - std::chrono::hours(24);
  append("1", MoneyDeposited{1_eur});
  append({.stream = "account-1",
          .type = "money_deposited",
          .data = R"({"amount":"1.00 EUR"})",
          .actor = "Grace",
          .effective_at = effective});
  const auto loaded = Repository<AuditedAccount>(store()).load("1");
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(loaded->state.last_actor, "Grace");
  EXPECT_EQ(loaded->state.last_at, effective);
  EXPECT_EQ(loaded->state.last_version, StreamVersion{1});
}

struct PointsGiven {
  static constexpr std::uint32_t schema_version = 2;
  std::int64_t points = 0;
  std::string reason;
  ANNALS_EVENT(PointsGiven, "points_given", points, reason);
};
struct Card {
  static constexpr auto category = "card";
  using Events = annals::Events<PointsGiven>;
  std::int64_t points = 0;
  std::string reasons;
  ANNALS_STATE(Card, points, reasons);
  void evolve(const PointsGiven& e) {
    points += e.points;
    reasons += e.reason + ";";
  }
};

TEST_P(RepositoryTest, UpcastersTurnEarlierShapesIntoTodays) {
  append({.stream = "card-1", .type = "bonus_given", .data = R"({"points":5})"});
  append({.stream = "card-1",
          .type = "points_given",
          .data = R"({"points":2,"reason":"birthday"})",
          .schema_version = 2});
  EXPECT_EQ(Repository<Card>(store()).load("1").error().code, ErrorCode::unsupported);
  Upcasters upcasters;
  ASSERT_TRUE(upcasters.rename("bonus_given", "points_given"));
  ASSERT_TRUE(upcasters.add("points_given", 1, [](nlohmann::json event) {
    event["reason"] = "unknown";
    return event;
  }));
  const auto loaded = Repository<Card>(store(), {.upcasters = upcasters}).load("1");
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  EXPECT_EQ(loaded->state.points, 7);
  EXPECT_EQ(loaded->state.reasons, "unknown;birthday;");
}

TEST_P(RepositoryTest, LoaderThatEndsDropsWhatWaits) {
  deposit("1", 10);
  for (int i = 0; i < 20; ++i) {
    const Repository<Account> accounts(store(), {.snapshots = {.every = 1, .waiting_max = 1}});
    ASSERT_TRUE(accounts.load("1", AsOf::position({static_cast<std::uint64_t>(i % 10) + 1})));
  }
  EXPECT_EQ(Repository<Account>(store()).load("1")->state.balance, 10_eur);
}

}  // namespace
}  // namespace annals
