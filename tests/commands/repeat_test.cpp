#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bus_test.hpp"

namespace annals {
namespace {

using namespace bank;  // NOLINT(google-build-using-namespace): the tests speak of accounts.

class RepeatTest : public BusTest {};

ANNALS_ON_EVERY_ENGINE(RepeatTest);

TEST_P(RepeatTest, SameIdAgainGetsTheFirstReceiptAndWritesNothing) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const AppendId id = append_id_of("salary of May");
  const auto first = bus->send("1", Deposit{5_eur}, {.id = id});
  const auto again = bus->send("1", Deposit{5_eur}, {.id = id});
  ASSERT_TRUE(first && again);
  EXPECT_FALSE(first->repeated());
  EXPECT_TRUE(again->repeated());
  EXPECT_EQ(again->id(), id);
  EXPECT_EQ(again->version, first->version);
  EXPECT_EQ(again->receipt.first_position, first->receipt.first_position);
  EXPECT_EQ(again->receipt.link, first->receipt.link);
  EXPECT_EQ(account("1").balance, 15_eur);
  EXPECT_EQ(bus->stats().repeated, 1U);
}

TEST_P(RepeatTest, RepeatAfterTheStateHasMovedOnIsNoRejection) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const AppendId id = append_id_of("rent");
  ASSERT_TRUE(bus->send("1", Withdraw{10_eur}, {.id = id}));
  const auto again = bus->send("1", Withdraw{10_eur}, {.id = id});
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(again->repeated());
  EXPECT_EQ(again->tries, 0U) << "found before anything was decided";
  EXPECT_EQ(bus->send("1", Withdraw{10_eur}).error().rule, "insufficient-funds");
}

TEST_P(RepeatTest, SameIdWithAnotherRequestIsInvalid) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  open(*bus, "2", 10_eur);
  const AppendId id = append_id_of("x");
  ASSERT_TRUE(bus->send("1", Deposit{5_eur}, {.id = id}));
  EXPECT_EQ(bus->send("1", Deposit{6_eur}, {.id = id}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bus->send("2", Deposit{5_eur}, {.id = id}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bus->send("1", Withdraw{5_eur}, {.id = id}).error().code, ErrorCode::invalid_argument);
  // Would be rejected if it were decided.
  const auto other = bus->send("1", Withdraw{500_eur}, {.id = id});
  EXPECT_EQ(other.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(other.error().append_id, id);
}

TEST_P(RepeatTest, AnotherTraceparentActorOrMetadataIsARepeat) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const AppendId id = append_id_of("x");
  ASSERT_TRUE(bus->send("1", Deposit{5_eur}, {.id = id, .traceparent = "first"}));
  const auto again =
      bus->send("1", Deposit{5_eur},
                {.id = id, .actor = "Grace", .metadata = R"({"try":2})", .traceparent = "second"});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated());
}

TEST_P(RepeatTest, TypedAndJsonCommandsAreTheSameRequest) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const AppendId id = append_id_of("x");
  ASSERT_TRUE(bus->send("1", Deposit{5_eur}, {.id = id}));
  const auto again = bus->send_json("deposit", "1", R"(  {"amount" : "5 EUR"} )", {.id = id});
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(again->repeated());
}

TEST_P(RepeatTest, RejectedIdMaySucceedLater) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  const AppendId id = append_id_of("x");
  ASSERT_FALSE(bus->send("1", Withdraw{11_eur}, {.id = id}));
  ASSERT_TRUE(bus->send("1", Deposit{1_eur}));
  const auto later = bus->send("1", Withdraw{11_eur}, {.id = id});
  ASSERT_TRUE(later);
  EXPECT_FALSE(later->repeated());
}

TEST_P(RepeatTest, OfEightThreadsWithOneIdOneWrites) {
  const auto bus = make_bus();
  const auto other = make_bus();
  open(*bus, "1", 10_eur);
  for (int round = 0; round < 20; ++round) {
    const AppendId id = append_id_of("round " + std::to_string(round));
    std::atomic<int> wrote = 0;
    std::atomic<int> repeated = 0;
    std::atomic<std::uint64_t> positions = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        CommandBus& mine = i % 2 == 0 ? *bus : *other;
        const auto answer = mine.send("1", Deposit{1_eur}, {.id = id});
        ASSERT_TRUE(answer) << to_string(answer.error());
        ++(answer->repeated() ? repeated : wrote);
        positions += answer->receipt.first_position.value;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrote, 1);
    EXPECT_EQ(repeated, 7);
    EXPECT_EQ(positions, 8 * head()) << "all have the same receipt";
  }
  EXPECT_EQ(account("1").balance, 30_eur);
  EXPECT_EQ(head(), 22U);
}

TEST_P(RepeatTest, TransferSentAgainMovesNothing) {
  const auto bus = make_bus();
  open(*bus, "1", 10_eur);
  open(*bus, "2", 0.50_eur);
  const AppendId id = append_id_of("x");
  ASSERT_TRUE(bus->send(Transfer{"1", "2", 10_eur}, {.id = id}));
  const auto again = bus->send(Transfer{"1", "2", 10_eur}, {.id = id});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated());
  EXPECT_EQ(bus->send(Transfer{"2", "1", 10_eur}, {.id = id}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(account("2").balance, 10.50_eur);
}

// The twin is decided and written while this one, decided before on an empty account, is about to
// be answered with a rejection.
TEST_P(RepeatTest, TwinThatWinsWhileThisOneIsBeingRejectedIsTheAnswer) {
  const auto other = make_bus();
  ASSERT_TRUE(other->send("1", OpenAccount{"Ada"}));
  IntrudedStore intruded(store());
  CommandBus bus(intruded);
  bus.add<Account>();
  const AppendId id = append_id_of("x");
  bool once = true;
  intruded.before_append = [&](const AppendRequest& request) -> std::optional<Error> {
    if (!std::exchange(once, false)) return {};
    EXPECT_TRUE(request.events.empty());
    EXPECT_TRUE(other->send("1", Deposit{5_eur}));
    EXPECT_TRUE(other->send("1", Withdraw{5_eur}, {.id = id}));
    return {};
  };
  const auto answer = bus.send("1", Withdraw{5_eur}, {.id = id});
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_TRUE(answer->repeated());
  EXPECT_EQ(answer->version, StreamVersion{2});
  EXPECT_FALSE(once);
}

}  // namespace
}  // namespace annals
