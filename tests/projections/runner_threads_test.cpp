// A runner that is added to, waited for, told to try again and stopped from many threads.

#include <atomic>
#include <functional>
#include <future>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "gate.hpp"
#include "warehouse.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

TEST(RunnerThreads, StopEndsWhatAddHasBegunAndLeavesNoLease) {
  for (int i = 0; i < 50; ++i) {
    const auto events = make_memory_event_store({});
    append(*events, GoodsArrived{"a", 1});
    const auto rows = open_rows();
    ProjectionRunner runner(*events, *rows);
    std::thread adder([&] { static_cast<void>(runner.add<Stock, Curses>()); });
    std::thread watcher([&] {
      for (int n = 0; n < 10; ++n) static_cast<void>(runner.status());
    });
    std::thread stopper([&] { runner.stop(); });
    runner.stop();
    for (std::thread* thread : {&adder, &watcher, &stopper}) thread->join();
    const auto records = rows->records();
    ASSERT_TRUE(records);
    for (const CheckpointRecord& record : *records)
      EXPECT_FALSE(record.holder) << record.projection;
  }
}

TEST(RunnerThreads, WhoWaitsForAProjectionThatIsRefusedIsToldSo) {
  const auto rows = open_rows();
  {
    const auto other = make_memory_event_store({});
    append(*other, GoodsArrived{"a", 1});
    ProjectionRunner runner(*other, *rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", GlobalPosition{1});
  }
  const auto events = make_memory_event_store({});
  for (int i = 0; i < 50; ++i) {
    ProjectionRunner runner(*events, *rows);
    std::atomic<bool> refused = false;
    std::thread waiter([&] {
      do {
        const auto waited = runner.wait("stock", GlobalPosition{5}, patience);
        ASSERT_FALSE(waited);
        ASSERT_EQ(waited.error().code, ErrorCode::invalid_argument) << to_string(waited.error());
      } while (!refused);
    });
    EXPECT_FALSE(runner.add<Stock>());
    refused = true;
    waiter.join();
  }
}

/// Fails always.
struct Hopeless {
  std::string shelf;
  ANNALS_ROW(Hopeless, "hopeless", (shelf));
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived&) { throw 5; }
};
/// Its streams are in one partition, which nobody can share.
class Unjoinable final : public PartitionedSource {
 public:
  explicit Unjoinable(std::function<void()> joining) : joining_(std::move(joining)) {}

  Result<std::uint32_t> partitions() const override { return 1; }
  Result<std::unique_ptr<PartitionMember>> join(MembershipOptions) const override {
    joining_();
    return Error{.code = ErrorCode::unavailable, .message = "nobody answers"};
  }

 private:
  std::function<void()> joining_;
};

struct Alone {
  static constexpr auto name = "alone";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<Hopeless>;
};

TEST(RunnerThreads, AProjectionWhoseGroupIsBeingJoinedIsStartingAndStopWaitsForIt) {
  const auto events = make_memory_event_store({});
  const auto rows = open_rows();
  ProjectionRunner runner(*events, *rows);
  std::promise<void> joining;
  std::promise<void> go_on;
  const Unjoinable source([&] {
    joining.set_value();
    go_on.get_future().wait();
  });
  auto adding = std::async(std::launch::async, [&] { return runner.add_to_group<Alone>(source); });
  joining.get_future().wait();
  const auto status = runner.status("alone");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->activity, ProjectionActivity::starting);
  EXPECT_TRUE(status->partitions.empty());
  auto waiting = std::async(std::launch::async,
                            [&] { return runner.wait("alone", GlobalPosition{1}, patience); });
  auto stopping = std::async(std::launch::async, [&] { runner.stop(); });
  EXPECT_EQ(stopping.wait_for(milliseconds(20)), std::future_status::timeout);
  go_on.set_value();
  const auto added = adding.get();
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message, "nobody answers");
  const auto waited = waiting.get();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::invalid_argument) << to_string(waited.error());
  stopping.get();
  EXPECT_FALSE(runner.status("alone"));
}

TEST(RunnerThreads, WhatAnObserverThrowsDoesNotEndTheRunner) {
  const auto events = make_memory_event_store({});
  const auto rows = open_rows();
  std::atomic<int> calls = 0;
  ProjectionRunner runner(*events, *rows, {.on_change = [&](std::string_view) {
    ++calls;
    throw std::runtime_error("an observer's trouble");
  }});
  ASSERT_TRUE(runner.add<Stock>());
  ASSERT_TRUE(rows->set_paused("stock", true));
  while (calls == 0) std::this_thread::sleep_for(milliseconds(5));
  ASSERT_TRUE(rows->set_paused("stock", false));
  expect_reached(runner, "stock", append(*events, GoodsArrived{"a", 1}).last_position);
}

TEST(RunnerThreads, TheLongestTimeoutIsNotOverAtOnce) {
  const auto events = make_memory_event_store({});
  const auto rows = open_rows();
  ProjectionRunner runner(*events, *rows);
  ASSERT_TRUE(runner.add<Stock>());
  auto waiting = std::async(std::launch::async, [&] {
    return runner.wait("stock", GlobalPosition{1}, milliseconds::max());
  });
  std::this_thread::sleep_for(milliseconds(20));
  append(*events, GoodsArrived{"a", 1});
  const auto reached = waiting.get();
  EXPECT_TRUE(reached) << to_string(reached.error());
  EXPECT_FALSE(runner.wait("stock", GlobalPosition{2}, milliseconds::min()));
}

struct Hopes {
  static constexpr auto name = "hopes";
  static constexpr int version = 1;
  using Tables = annals::Tables<Hopeless>;
};

TEST(RunnerThreads, AFailureAfterARetryIsNotForgottenByThatRetry) {
  const auto events = make_memory_event_store({});
  append(*events, GoodsArrived{"a", 1});
  const auto rows = open_rows();
  ProjectionRunner runner(*events, *rows, {.tries_max = 1});
  ASSERT_TRUE(runner.add<Hopes>());
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(runner.wait("hopes", GlobalPosition{1}, patience));
    ASSERT_NE(record_of(*rows, "hopes").failure, "") << "retry " << i;
    ASSERT_TRUE(runner.retry("hopes"));
  }
}

}  // namespace
}  // namespace annals::warehouse
