// Promises P3 and P4 among many clients: what they were told has an order in which it is all true.
// First the checker itself, which must see every kind of mistake; then histories of real threads.

#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/seed.hpp>

#include "recorded_history.hpp"

namespace annals::simulation {
namespace {

using Outcome = Operation::Outcome;

AppendRequest request(const std::string& name, std::vector<std::string> streams,
                      ExpectedVersion expected) {
  AppendRequest request;
  request.id = append_id_of(name);
  for (std::string& stream : streams) {
    request.checks.push_back({stream, expected});
    request.events.push_back({.stream = std::move(stream), .type = "t", .data = name});
  }
  return request;
}

Operation written(std::uint64_t invoked, std::uint64_t answered, AppendRequest request,
                  std::uint64_t first) {
  const std::uint64_t last = first + request.events.size() - 1;
  return {.invoked = invoked,
          .answered = answered,
          .request = std::move(request),
          .first = {first},
          .last = {last}};
}

/// Three appends; the second and third overlap. Reads and a refusal among them.
class History : public testing::Test {
 protected:
  History() {
    add(written(1, 2, request("one", {"a", "b"}, ExpectedVersion::no_stream()), 1));
    add(written(5, 10, request("two", {"a"}, ExpectedVersion::exactly({0})), 3));
    add(written(6, 9, request("three", {"b", "b"}, ExpectedVersion::any()), 4));
    history_.operations[2].request.checks.pop_back();
    history_.operations[2].request.conditions = {{Query::stream("c"), {0}}};
    for (const Operation& operation : history_.operations) {
      for (const NewEvent& event : operation.request.events) {
        history_.log.push_back({*operation.request.id, event});
      }
    }
    add({.kind = Operation::Kind::version,
         .invoked = 3,
         .answered = 4,
         .name = "a",
         .version = StreamVersion{0}});
    add({.kind = Operation::Kind::head, .invoked = 7, .answered = 8, .last = {3}});
    add({.kind = Operation::Kind::stream,
         .invoked = 11,
         .answered = 12,
         .name = "b",
         .positions = {{2}, {4}, {5}}});
    AppendRequest late = request("late", {"a"}, ExpectedVersion::exactly({0}));
    add({.invoked = 11, .answered = 13, .request = late, .outcome = Outcome::refused_version});
  }
  void add(Operation operation) { history_.operations.push_back(std::move(operation)); }
  Operation& operation(std::size_t i) { return history_.operations[i]; }

  void expect_noticed(const std::string& part) {
    const auto broken = not_linearizable(history_);
    ASSERT_TRUE(broken);
    EXPECT_NE(broken->find(part), std::string::npos) << *broken;
  }

  RecordedHistory history_;
};

TEST_F(History, ThatIsLinearizableIsNotBlamed) {
  const auto broken = not_linearizable(history_);
  EXPECT_FALSE(broken) << *broken;
}
TEST_F(History, WithWritesAgainstTheOrderOfTimeIsNoticed) {
  operation(0).invoked = 20;
  operation(0).answered = 21;
  expect_noticed("was answered before");
}
TEST_F(History, WithAnAcknowledgedAppendThatIsLostIsNoticed) {
  history_.log.resize(3);
  expect_noticed("is not in the log");
}
TEST_F(History, WithHalfAnAppendIsNoticed) {
  history_.log.pop_back();
  expect_noticed("is there in part");
}
TEST_F(History, WithAnAppendTwiceIsNoticed) {
  history_.log.push_back(history_.log[2]);
  expect_noticed("that nobody sent");
}
TEST_F(History, WithAReceiptForAnotherPlaceIsNoticed) {
  operation(1).first = operation(1).last = {4};
  expect_noticed("another place");
}
TEST_F(History, WithARefusedAppendInTheLogIsNoticed) {
  operation(1).outcome = Outcome::refused_condition;
  expect_noticed("was refused, and is there");
}
TEST_F(History, WithAnExpectedVersionThatWasFalseIsNoticed) {
  operation(1).request.checks = {{"a", ExpectedVersion::exactly({1})}};
  expect_noticed("expected another version");
}
TEST_F(History, WithTwoRivalsThatBothWonIsNoticed) {
  operation(2).request.checks = {{"b", ExpectedVersion::no_stream()}};
  expect_noticed("expected another version");
}
TEST_F(History, WithAConditionThatWasFalseIsNoticed) {
  operation(2).request.conditions = {{Query::stream("a"), {1}}};
  expect_noticed("condition does not hold");
}
TEST_F(History, WithARefusalForNoReasonIsNoticed) {
  operation(6).request.checks = {{"a", ExpectedVersion::exactly({1})}};
  expect_noticed("is true at no time");
}
TEST_F(History, WithARefusedConditionThatHeldIsNoticed) {
  operation(6).outcome = Outcome::refused_condition;
  operation(6).request.conditions = {{Query::stream("c"), {0}}};
  expect_noticed("is true at no time");
}
TEST_F(History, WithAReadThatMissesWhatWasAnsweredIsNoticed) {
  operation(3).version.reset();
  expect_noticed("is true at no time");
}
TEST_F(History, WithAReadOfWhatHadNotBegunIsNoticed) {
  operation(3).version = StreamVersion{1};
  expect_noticed("is true at no time");
}
TEST_F(History, WithReadsThatGoBackIsNoticed) {
  // Both appends are under way all the time, so each alone would do.
  add({.kind = Operation::Kind::head, .invoked = 9, .answered = 9, .last = {2}});
  operation(1).answered = operation(2).answered = 10;
  expect_noticed("is true at no time");
}
TEST_F(History, WithAHeadInsideAnAppendIsNoticed) {
  operation(4).last = {4};
  expect_noticed("is true at no time");
}
TEST_F(History, WithAStreamReadThatSkipsIsNoticed) {
  operation(5).positions = {{2}, {5}};
  expect_noticed("is true at no time");
}
TEST_F(History, WithAStreamReadOfAnotherStreamsEventIsNoticed) {
  operation(5).positions = {{1}, {4}, {5}};
  expect_noticed("is true at no time");
}
TEST_F(History, MayHoldAnAppendThatNobodyHeardOf) {
  operation(2).outcome = Outcome::unknown;
  operation(2).answered = Operation::never;
  const auto broken = not_linearizable(history_);
  EXPECT_FALSE(broken) << *broken;
}

/// Clients that work at once and write down what they do.
class Clients {
 public:
  Clients(EventStore& store, std::uint64_t seed) : store_(store), seed_(seed) {}

  RecordedHistory run(std::size_t clients, std::size_t operations_each) {
    std::vector<std::vector<Operation>> done(clients);
    std::vector<std::thread> threads;
    for (std::size_t client = 0; client < clients; ++client) {
      threads.emplace_back([&, client] {
        std::mt19937_64 dice(seed_ * 1'000 + client);
        for (std::size_t i = 0; i < operations_each; ++i) {
          const std::string name =
              std::to_string(seed_) + "/" + std::to_string(client) + "/" + std::to_string(i);
          done[client].push_back(one(name, dice));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    RecordedHistory history;
    for (auto& operations : done) {
      for (Operation& operation : operations) history.operations.push_back(std::move(operation));
    }
    return history;
  }

 private:
  static std::string stream(std::mt19937_64& dice) { return "s-" + std::to_string(dice() % 5); }

  Operation one(const std::string& name, std::mt19937_64& dice) {
    Operation operation;
    operation.name = stream(dice);
    const std::uint64_t what = dice() % 10;
    if (what < 6) return append(name, dice);
    if (what < 8) {
      operation.kind = Operation::Kind::version;
      operation.invoked = ++now_;
      const auto version = store_.stream_version(operation.name);
      operation.answered = ++now_;
      EXPECT_TRUE(version);
      if (version) operation.version = *version;
    } else if (what < 9) {
      operation.kind = Operation::Kind::head;
      operation.invoked = ++now_;
      operation.last = store_.head().position;
      operation.answered = ++now_;
    } else {
      operation.kind = Operation::Kind::stream;
      operation.invoked = ++now_;
      const auto events = read_all(store_, {.query = Query::stream(operation.name)});
      operation.answered = ++now_;
      EXPECT_TRUE(events);
      if (!events) return operation;
      for (const RecordedEvent& event : *events) operation.positions.push_back(event.position);
    }
    return operation;
  }

  Operation append(const std::string& name, std::mt19937_64& dice) {
    Operation operation;
    const std::string one = stream(dice);
    const std::string two = stream(dice);
    operation.request = request(name, {one}, ExpectedVersion::any());
    if (one != two && dice() % 3 == 0) {
      operation.request = request(name, {one, two}, ExpectedVersion::any());
    }
    // What this client believes: true at the time that it looked.
    if (dice() % 2 == 0) {
      const auto version = store_.stream_version(one);
      if (version) {
        operation.request.checks.front().expected =
            *version ? ExpectedVersion::exactly(**version) : ExpectedVersion::no_stream();
      }
    }
    if (dice() % 3 == 0) {
      const std::uint64_t head = store_.head().position.value;
      operation.request.conditions = {
          {Query::stream(stream(dice)), {head - std::min<std::uint64_t>(head, dice() % 6)}}};
    }
    if (dice() % 12 == 0) operation.request.events.clear();
    operation.invoked = ++now_;
    const auto receipt = store_.append(operation.request);
    operation.answered = ++now_;
    if (receipt) {
      operation.first = receipt->first_position;
      operation.last = receipt->last_position;
    } else if (receipt.error().code == ErrorCode::wrong_expected_version) {
      operation.outcome = Outcome::refused_version;
    } else if (receipt.error().code == ErrorCode::condition_failed) {
      operation.outcome = Outcome::refused_condition;
    } else if (receipt.error().code == ErrorCode::outcome_unknown) {
      operation.outcome = Outcome::unknown;
      operation.answered = Operation::never;
    } else {
      EXPECT_EQ(receipt.error().code, ErrorCode::unavailable) << to_string(receipt.error());
      operation.outcome = Outcome::not_written;
    }
    return operation;
  }

  EventStore& store_;
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> now_ = 0;
};

void add_log(const EventStore& store, RecordedHistory& history) {
  const auto events = read_all(store, {});
  ASSERT_TRUE(events) << to_string(events.error());
  std::map<EventId, AppendId> appends;
  for (const Operation& operation : history.operations) {
    for (std::uint32_t i = 0; i < operation.request.events.size(); ++i) {
      appends[derived_event_id(*operation.request.id, i)] = *operation.request.id;
    }
  }
  for (const RecordedEvent& event : *events) {
    history.log.push_back({appends[event.id],
                           {.stream = std::string(event.stream),
                            .type = std::string(event.type),
                            .data = std::string(event.data)}});
  }
}

void expect_linearizable(const RecordedHistory& history) {
  std::size_t refused = 0;
  for (const Operation& operation : history.operations) {
    refused += operation.outcome == Outcome::refused_version ||
                       operation.outcome == Outcome::refused_condition
                   ? 1
                   : 0;
  }
  const auto broken = not_linearizable(history);
  EXPECT_FALSE(broken) << *broken;
  EXPECT_GT(history.log.size(), 0U);
  EXPECT_GT(refused, 0U);
}

constexpr std::size_t clients = 8;

TEST(Linearizability, OfTheMemoryEngine) {
  const std::uint64_t seed = testkit::seed(1);
  const auto store = make_memory_event_store();
  RecordedHistory history = Clients(*store, seed).run(clients, 400);
  ASSERT_NO_FATAL_FAILURE(add_log(*store, history));
  expect_linearizable(history);
}

TEST(Linearizability, OfTheLogEngineAlsoWhenASyncFails) {
  const std::uint64_t first = testkit::seed(1);
  const std::uint64_t runs = std::getenv("ANNALS_SOAK") != nullptr ? 500 : 12;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto disk = std::make_shared<testkit::FaultFileSystem>(seed);
    const LogOptions options{.path = "/store", .segment_bytes = 64 * 1024, .files = disk};
    auto store = open_log_event_store(options);
    ASSERT_TRUE(store);
    if (seed % 3 == 1) disk->fail_sync(50 + seed % 200);
    if (seed % 3 == 2) disk->fail_write(50 + seed % 200);
    RecordedHistory history = Clients(**store, seed).run(clients, 250);
    store->reset();
    // What nobody knows is settled by opening it again.
    store = open_log_event_store(options);
    ASSERT_TRUE(store) << to_string(store.error());
    ASSERT_NO_FATAL_FAILURE(add_log(**store, history));
    expect_linearizable(history);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace annals::simulation
