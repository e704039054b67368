#include "commit_queue.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

namespace annals::internal {
namespace {

PreparedAppend numbered(std::uint64_t number, std::uint64_t bytes = 1) {
  PreparedAppend append;
  append.request.id = AppendId{};
  std::memcpy(append.request.id->bytes.data(), &number, sizeof number);
  append.data_bytes = bytes;
  return append;
}

std::uint64_t number_of(const PreparedAppend& append) {
  std::uint64_t number = 0;
  std::memcpy(&number, append.request.id->bytes.data(), sizeof number);
  return number;
}

/// Answers each attempt with a receipt that carries its number as position.
CommitQueue::Ran answer(std::span<Attempt* const> attempts) {
  for (Attempt* attempt : attempts) {
    Receipt receipt;
    receipt.last_position = {number_of(attempt->append)};
    attempt->outcome.emplace(receipt);
  }
  return {.taken = attempts.size()};
}

CommitQueue::Ran answer_all(std::span<Attempt* const> attempts, const CommitQueue::Behind&) {
  return answer(attempts);
}

TEST(CommitQueue, ACallerAloneRunsItsGroupOnItsOwnThread) {
  std::thread::id ran_on;
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind&) {
        ran_on = std::this_thread::get_id();
        return answer(attempts);
      },
      100);
  const auto receipt = queue.run(numbered(7));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->last_position, GlobalPosition{7});
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

// Method: the first group is held until eight others wait; they must then go as one group.
TEST(CommitQueue, WhoComesWhileAGroupRunsGoesWithTheNext) {
  std::latch first_runs(1);
  std::latch release(1);
  std::atomic<int> groups = 0;
  std::atomic<std::size_t> second_group = 0;
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind&) {
        if (groups++ == 0) {
          first_runs.count_down();
          release.wait();
        } else {
          second_group = std::max(second_group.load(), attempts.size());
        }
        return answer(attempts);
      },
      1'000'000);
  std::vector<std::thread> threads;
  threads.emplace_back([&] { EXPECT_TRUE(queue.run(numbered(0))); });
  first_runs.wait();
  std::latch completed(8);
  for (std::uint64_t i = 1; i <= 8; ++i) {
    queue.run_async(queue.begin(*numbered(i).request.id), numbered(i),
                    [&](const Result<Receipt>&) { completed.count_down(); });
  }
  release.count_down();
  completed.wait();
  threads[0].join();
  EXPECT_EQ(groups, 2);
  EXPECT_EQ(second_group, 8U);
}

// Method: the first group is held until the three other callers wait. From then on all are on their
// way back whenever a group has ended, and there is ample time for them.
TEST(CommitQueue, AGroupThatMayWaitWaitsForAllWhoHaveJustBeenAnswered) {
  constexpr std::uint64_t callers = 4;
  std::latch first_runs(1);
  std::vector<std::size_t> groups;
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind& behind) {
        if (groups.empty()) first_runs.count_down();
        while (groups.empty() && behind(attempts.size()).size() < callers - 1) {
          std::this_thread::yield();
        }
        groups.push_back(attempts.size());
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return answer(attempts);
      },
      1'000'000, 60'000);
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < callers; ++t) {
    threads.emplace_back([&, t] {
      // The first group is of one caller, who so comes once more often.
      const std::uint64_t times = t == 0 ? 21 : 20;
      for (std::uint64_t i = 0; i < times; ++i) EXPECT_TRUE(queue.run(numbered(t * 100 + i)));
    });
    if (t == 0) first_runs.wait();
  }
  for (auto& thread : threads) thread.join();
  std::vector<std::size_t> expected(21, callers);
  expected.front() = 1;
  EXPECT_EQ(groups, expected);
}

TEST(CommitQueue, AGroupDoesNotWaitForeverForThoseWhoDoNotComeAgain) {
  std::atomic<bool> first_runs = false;
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind& behind) {
        if (!first_runs.exchange(true)) {
          while (behind(attempts.size()).empty()) std::this_thread::yield();
        }
        return answer(attempts);
      },
      1'000'000, 2);
  std::thread once([&] { EXPECT_TRUE(queue.run(numbered(0))); });
  while (!first_runs) std::this_thread::yield();
  EXPECT_TRUE(queue.run(numbered(1)));
  once.join();
}

TEST(CommitQueue, CompletionsComeOnceEachInTheOrderOfTheCalls) {
  std::vector<std::uint64_t> order;
  {
    CommitQueue queue(answer_all, 64);
    for (std::uint64_t i = 0; i < 10'000; ++i) {
      queue.run_async(
          queue.begin(*numbered(i).request.id), numbered(i),
          [&](const Result<Receipt>& receipt) { order.push_back(receipt->last_position.value); });
    }
  }
  ASSERT_EQ(order.size(), 10'000U);
  for (std::uint64_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i);
}

TEST(CommitQueue, KeepsBytesInFlightBelowTheBoundButLetsOneLargeAppendThrough) {
  std::atomic<std::uint64_t> most = 0;
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind&) {
        std::uint64_t bytes = 0;
        for (const Attempt* attempt : attempts) bytes += attempt->append.data_bytes;
        most = std::max(most.load(), bytes);
        return answer(attempts);
      },
      100);
  EXPECT_TRUE(queue.run(numbered(0, 5'000)));
  most = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 200; ++i) EXPECT_TRUE(queue.run(numbered(t * 1000 + i, 30)));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 100U);
}

TEST(CommitQueue, CallersAndAsynchronousAppendsAreAllAnswered) {
  std::atomic<int> answered = 0;
  {
    CommitQueue queue(
        [](std::span<Attempt* const> attempts, const CommitQueue::Behind&) {
          // Never all at once: what is left must be looked at again.
          return answer(attempts.first(std::min<std::size_t>(attempts.size(), 3)));
        },
        1'000);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 500; ++i) {
          const std::uint64_t number = t * 1'000 + i;
          if (t % 2 == 0) {
            const auto receipt = queue.run(numbered(number));
            ASSERT_TRUE(receipt);
            ASSERT_EQ(receipt->last_position.value, number);
            ++answered;
          } else {
            queue.run_async(queue.begin(*numbered(number).request.id), numbered(number),
                            [&answered, number](const Result<Receipt>& receipt) {
                              ASSERT_EQ(receipt->last_position.value, number);
                              ++answered;
                            });
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(answered, 3'000);
}

TEST(CommitQueue, AThrowingCompletionDoesNotStopTheOthers) {
  std::atomic<int> called = 0;
  {
    CommitQueue queue(answer_all, 100);
    for (std::uint64_t i = 0; i < 10; ++i) {
      queue.run_async(queue.begin(*numbered(i).request.id), numbered(i),
                      [&](const Result<Receipt>&) {
                        ++called;
                        throw std::runtime_error("user code");
                      });
    }
  }
  EXPECT_EQ(called, 10);
}

TEST(CommitQueue, AwaitingAnIdWaitsForItsAttempt) {
  std::latch running(1);
  std::latch release(1);
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind&) {
        running.count_down();
        release.wait();
        return answer(attempts);
      },
      100);
  std::atomic<bool> ended = false;
  std::thread caller([&] {
    const auto begun = queue.begin(*numbered(1).request.id);
    EXPECT_TRUE(queue.run(numbered(1)));
    ended = true;
  });
  running.wait();
  std::thread releaser([&] { release.count_down(); });
  queue.await_attempts(*numbered(1).request.id);
  EXPECT_TRUE(ended);
  caller.join();
  releaser.join();
}

// Method: the first group waits until three others are behind it, takes two of them ahead, and then
// somebody waits for the groups that have been begun.
TEST(CommitQueue, WhatAGroupTookAheadComesFirstInTheNextWhichIsWaitedForToo) {
  std::latch first_runs(1);
  std::latch release(1);
  std::latch second_runs(1);
  std::latch release_second(1);
  std::vector<std::uint64_t> ahead;
  std::vector<std::uint64_t> second;
  int groups = 0;
  CommitQueue queue(
      [&](std::span<Attempt* const> attempts, const CommitQueue::Behind& behind) {
        CommitQueue::Ran ran;
        if (groups++ == 0) {
          first_runs.count_down();
          release.wait();
          const auto waiting = behind(attempts.size());
          EXPECT_EQ(waiting.size(), 3U);
          for (const Attempt* attempt : waiting.first(2))
            ahead.push_back(number_of(attempt->append));
          ran.ahead = 2;
        } else {
          for (const Attempt* attempt : attempts) second.push_back(number_of(attempt->append));
          second_runs.count_down();
          release_second.wait();
        }
        ran.taken = answer(attempts).taken;
        return ran;
      },
      1'000);
  std::thread caller([&] { EXPECT_TRUE(queue.run(numbered(0))); });
  first_runs.wait();
  std::atomic<bool> waited = false;
  std::thread waiter([&] {
    queue.await_group();
    waited = true;
  });
  for (std::uint64_t i = 1; i <= 3; ++i) {
    queue.run_async(queue.begin(*numbered(i).request.id), numbered(i), [](const auto&) {});
  }
  release.count_down();
  second_runs.wait();
  caller.join();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(waited);
  release_second.count_down();
  waiter.join();
  queue.drain();
  EXPECT_EQ(ahead, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(second, (std::vector<std::uint64_t>{1, 2, 3}));
}

}  // namespace
}  // namespace annals::internal
