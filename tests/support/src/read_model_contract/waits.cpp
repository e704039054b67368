// Waiting until a read model has come to a position.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_waits() {}

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Waits on a thread of its own.
class Waiting {
 public:
  Waiting(const ReadModelStore& store, std::uint64_t position, steady_clock::time_point deadline)
      : thread_([&store, position, deadline, this] {
          answer_ = store.wait("lending", GlobalPosition{position}, deadline);
          ended_ = true;
        }) {
    while (!store.awaited("lending") && !ended_) std::this_thread::yield();
  }
  ~Waiting() {
    if (thread_.joinable()) thread_.join();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  bool ended() const { return ended_; }
  CheckpointRecord record() {
    thread_.join();
    if (!answer_) {
      ADD_FAILURE() << to_string(answer_.error());
      return {};
    }
    if (!*answer_) {
      ADD_FAILURE() << "no record";
      return {};
    }
    return **answer_;
  }

 private:
  Result<std::optional<CheckpointRecord>> answer_ = std::optional<CheckpointRecord>();
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

}  // namespace

TEST_P(ReadModelStoreContract, WhatHasBeenReachedIsNotWaitedFor) {
  commit(batch_to(claim(lending()), 5));
  for (std::uint64_t position : {0, 4, 5}) {
    const auto record = store().wait("lending", GlobalPosition{position}, steady_clock::now());
    ASSERT_TRUE(record && *record);
    EXPECT_EQ((*record)->position(), GlobalPosition{5});
  }
}

TEST_P(ReadModelStoreContract, AWaitEndsWhenTheTimeIsOverWithTheRecordAsItIs) {
  commit(batch_to(claim(lending()), 5));
  const auto deadline = steady_clock::now() + milliseconds(20);
  const auto record = store().wait("lending", GlobalPosition{6}, deadline);
  EXPECT_GE(steady_clock::now(), deadline);
  ASSERT_TRUE(record && *record);
  EXPECT_EQ((*record)->position(), GlobalPosition{5});
  EXPECT_FALSE(store().awaited("lending"));
}

TEST_P(ReadModelStoreContract, AWaitForAProjectionThatIsNotHereGivesNothing) {
  const auto record = store().wait("lending", GlobalPosition{1}, steady_clock::now());
  ASSERT_TRUE(record);
  EXPECT_FALSE(*record);
}

TEST_P(ReadModelStoreContract, AWaiterIsWokenByTheCommitThatReachesItsPosition) {
  const Claim mine = claim(lending());
  Waiting waiting(store(), 3, never());
  commit(batch_to(mine, 1));
  EXPECT_FALSE(waiting.ended());
  EXPECT_TRUE(store().awaited("lending"));
  EXPECT_FALSE(store().awaited("a_shelving"));
  commit(batch_to(mine, 3));
  EXPECT_EQ(waiting.record().position(), GlobalPosition{3});
  EXPECT_FALSE(store().awaited("lending"));
}

TEST_P(ReadModelStoreContract, AWaiterIsWokenByACommitOfAnotherObject) {
  const auto other = open_again();
  const Claim mine = claim(lending());
  Waiting first(*other, 2, never());
  Waiting second(*other, 4, never());
  commit(batch_to(mine, 2));
  EXPECT_EQ(first.record().position(), GlobalPosition{2});
  EXPECT_FALSE(second.ended());
  commit(batch_to(mine, 4));
  EXPECT_EQ(second.record().position(), GlobalPosition{4});
}

TEST_P(ReadModelStoreContract, AWaiterIsWokenByAHaltAndToldWhy) {
  const auto other = open_again();
  const Claim mine = claim(lending());
  commit(batch_to(mine, 1));
  Waiting here(store(), 9, never());
  Waiting elsewhere(*other, 9, never());
  ASSERT_TRUE(store().halt(mine, "cannot go on"));
  for (Waiting* waiting : {&here, &elsewhere}) {
    const CheckpointRecord record = waiting->record();
    EXPECT_EQ(record.failure, "cannot go on");
    EXPECT_EQ(record.position(), GlobalPosition{1});
  }
}

TEST_P(ReadModelStoreContract, AWaiterIsThereBeforeItsProjection) {
  const auto other = open_again();
  Waiting waiting(*other, 1, never());
  commit(batch_to(claim(lending()), 1));
  EXPECT_EQ(waiting.record().position(), GlobalPosition{1});
}

TEST_P(ReadModelStoreContract, ManyWaitersAreWokenEachByItsPosition) {
  const Claim mine = claim(lending());
  const auto other = open_again();
  std::vector<std::unique_ptr<Waiting>> waiters;
  for (std::uint64_t i = 1; i <= 16; ++i) {
    waiters.push_back(std::make_unique<Waiting>(i % 2 == 0 ? store() : *other, i, never()));
  }
  for (std::uint64_t i = 1; i <= 16; ++i) commit(batch_to(mine, i));
  for (std::uint64_t i = 1; i <= 16; ++i) {
    EXPECT_GE(waiters[i - 1]->record().position(), GlobalPosition{i});
  }
}

}  // namespace annals::testkit
