// append_async(): many in flight from one thread.

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_async() {}

namespace {

// Collects outcomes in the order of the completions' calls.
class Outcomes {
 public:
  explicit Outcomes(std::size_t expected) : expected_(expected) {}

  AppendCompletion completion(std::size_t of) {
    return [this, of](Result<Receipt> result) {
      std::this_thread::yield();  // A chance for a later completion to come first, if it could.
      const std::lock_guard lock(mutex_);
      outcomes_.emplace_back(of, std::move(result));
      if (outcomes_.size() == expected_) complete_.set_value();
    };
  }

  std::vector<std::pair<std::size_t, Result<Receipt>>> wait() {
    complete_.get_future().wait();
    const std::lock_guard lock(mutex_);
    return outcomes_;
  }

 private:
  const std::size_t expected_;
  std::mutex mutex_;
  std::vector<std::pair<std::size_t, Result<Receipt>>> outcomes_;
  std::promise<void> complete_;
};

}  // namespace

TEST_P(EventStoreContract, AsyncAppendsOfOneThreadTakeEffectInTheOrderOfTheCalls) {
  constexpr std::size_t count = 500;
  Outcomes outcomes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto expected = i == 0 ? ExpectedVersion::no_stream() : ExpectedVersion::exactly({i - 1});
    store().append_async(append_to("chain", expected), outcomes.completion(i));
  }
  const auto results = outcomes.wait();
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(results[i].first, i);
    ASSERT_TRUE(results[i].second) << to_string(results[i].second.error());
    EXPECT_EQ(results[i].second->last_position, GlobalPosition{i + 1});
  }
}

TEST_P(EventStoreContract, CompletionsComeOnceEachInPositionOrder) {
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 100;
  Outcomes outcomes(threads * each);
  std::vector<std::thread> writers;
  writers.reserve(threads);
  for (std::size_t t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (std::size_t i = 0; i < each; ++i) {
        store().append_async(append_to("s-" + std::to_string(t), ExpectedVersion::any(), 2),
                             outcomes.completion(t * each + i));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  const auto results = outcomes.wait();
  std::vector<bool> seen(threads * each);
  GlobalPosition last{0};
  for (const auto& [of, result] : results) {
    ASSERT_TRUE(result);
    EXPECT_FALSE(seen[of]);
    seen[of] = true;
    EXPECT_EQ(result->first_position.value, last.value + 1);
    last = result->last_position;
  }
  EXPECT_EQ(results.size(), threads * each);
  EXPECT_EQ(store().head().position, last);
}

TEST_P(EventStoreContract, WhatACompletionAnnouncesIsVisible) {
  constexpr std::size_t count = 50;
  std::atomic<int> invisible = 0;
  std::atomic<std::size_t> done = 0;
  std::promise<void> all_done;
  for (std::size_t i = 0; i < count; ++i) {
    store().append_async(append_to("a-1", ExpectedVersion::any()),
                         [&](const Result<Receipt>& result) {
                           if (!result || store().head().position < result->last_position) {
                             ++invisible;
                           }
                           if (++done == count) all_done.set_value();
                         });
  }
  all_done.get_future().wait();
  EXPECT_EQ(invisible, 0);
}

TEST_P(EventStoreContract, AsyncErrorsComeThroughTheCompletionWithTheAppendsId) {
  Outcomes outcomes(4);
  store().append_async(append_to("", ExpectedVersion::any()), outcomes.completion(0));
  store().append_async(append_to("a-1", ExpectedVersion::no_stream()), outcomes.completion(1));
  AppendRequest stale = append_to("a-1", ExpectedVersion::no_stream());
  stale.id = append_id_of("stale");
  store().append_async(stale, outcomes.completion(2));
  store().append_async(only_check("a-1", ExpectedVersion::exactly({0})), outcomes.completion(3));

  int checked = 0;
  for (const auto& [of, result] : outcomes.wait()) {
    if (of == 0 && !result) {
      EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
      EXPECT_TRUE(result.error().append_id);
      ++checked;
    } else if (of == 2 && !result) {
      EXPECT_EQ(result.error().code, ErrorCode::wrong_expected_version);
      EXPECT_EQ(result.error().append_id, append_id_of("stale"));
      ++checked;
    } else if (result) {
      EXPECT_EQ(result->last_position, GlobalPosition{1});
      ++checked;
    }
  }
  EXPECT_EQ(checked, 4);
}

TEST_P(EventStoreContract, AsyncRepeatsAreWrittenOnce) {
  constexpr std::size_t count = 20;
  Outcomes outcomes(count);
  AppendRequest request = append_to("a-1", ExpectedVersion::no_stream());
  request.id = append_id_of("again and again");
  for (std::size_t i = 0; i < count; ++i) {
    store().append_async(request, outcomes.completion(i));
  }
  std::size_t repeated = 0;
  for (const auto& [of, result] : outcomes.wait()) {
    ASSERT_TRUE(result) << to_string(result.error());
    EXPECT_EQ(result->last_position, GlobalPosition{1});
    EXPECT_EQ(result->version_of("a-1"), StreamVersion{0});
    if (result->repeated) ++repeated;
  }
  EXPECT_EQ(repeated, count - 1);
}

TEST_P(EventStoreContract, AsyncAppendsAfterAWaitingOneSeeIt) {
  Outcomes outcomes(1);
  append(append_to("a-1", ExpectedVersion::no_stream()));
  store().append_async(append_to("a-1", ExpectedVersion::exactly({0})), outcomes.completion(0));
  append(append_to("a-1", ExpectedVersion::exactly({1})));
  EXPECT_TRUE(outcomes.wait()[0].second);
}

}  // namespace annals::testkit
