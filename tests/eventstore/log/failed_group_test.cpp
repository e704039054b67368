// What becomes of others when a group cannot be written, or a table of heads not be synced.

#include <condition_variable>
#include <map>
#include <mutex>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/requests.hpp>

namespace annals {
namespace {

using testkit::FaultFileSystem;

class FailedGroup : public testing::Test {
 protected:
  std::unique_ptr<EventStore> opened() {
    auto store =
        open_log_event_store({.path = "/store", .segment_bytes = 64 * 1024, .files = disk_});
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? std::move(*store) : nullptr;
  }

  static AppendRequest booking(const std::string& stream, ExpectedVersion expected) {
    return {.events = {{.stream = stream, .type = "booked", .data = "{}"}},
            .checks = {{stream, expected}}};
  }

  /// One append goes alone, and while it is written two come that expect the same of `stream`:
  /// `fail` says what happens to the groups.
  template <typename Fail>
  std::map<int, Result<Receipt>> rivals(EventStore& store, Fail fail,
                                        const std::string& stream = "account-1") {
    std::mutex mutex;
    std::condition_variable answered;
    std::map<int, Result<Receipt>> answers;
    const auto send = [&](int number, AppendRequest request) {
      store.append_async(std::move(request), [&, number](Result<Receipt> answer) {
        const std::lock_guard lock(mutex);
        answers.emplace(number, std::move(answer));
        answered.notify_all();
      });
    };
    disk_->hold();
    send(0, booking("other", ExpectedVersion::any()));
    disk_->await_waiting_operation();
    send(1, booking(stream, ExpectedVersion::no_stream()));
    send(2, booking(stream, ExpectedVersion::no_stream()));
    fail();
    disk_->release();
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return answers.size() == 3; });
    return answers;
  }

  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
};

TEST_F(FailedGroup, OfTwoRivalsOneIsRefusedIfTheOtherIsWritten) {
  const auto store = opened();
  const auto answers = rivals(*store, [] {});
  EXPECT_TRUE(answers.at(1));
  ASSERT_FALSE(answers.at(2));
  EXPECT_EQ(answers.at(2).error().code, ErrorCode::wrong_expected_version);
}

TEST_F(FailedGroup, NobodyIsRefusedForWhatAFailedSyncMayHaveLost) {
  const auto store = opened();
  const auto answers = rivals(*store, [&] { disk_->fail_sync(2); });
  EXPECT_TRUE(answers.at(0));
  ASSERT_FALSE(answers.at(1));
  EXPECT_EQ(answers.at(1).error().code, ErrorCode::outcome_unknown);
  ASSERT_FALSE(answers.at(2));
  EXPECT_EQ(answers.at(2).error().code, ErrorCode::unavailable);
}

TEST_F(FailedGroup, NobodyIsRefusedForWhatWasNotWritten) {
  const auto store = opened();
  // Writes: the first group, zeros ahead of it, the second group.
  const auto answers = rivals(*store, [&] { disk_->fail_write(3); });
  EXPECT_TRUE(answers.at(0));
  ASSERT_FALSE(answers.at(1));
  EXPECT_EQ(answers.at(1).error().code, ErrorCode::unavailable);
  ASSERT_FALSE(answers.at(2));
  EXPECT_EQ(answers.at(2).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(store->append(booking("account-1", ExpectedVersion::no_stream())));
}

// The group behind one in flight is formed before that is durable, and falls with it.
TEST_F(FailedGroup, NothingOfTheGroupBehindIsWrittenOrRefusedForWhatAFailedSyncMayHaveLost) {
  for (const std::string stream : {"account-1", "other"}) {  // "other" is what is in flight.
    SCOPED_TRACE(stream);
    disk_ = std::make_shared<FaultFileSystem>();
    const auto store = opened();
    const auto answers = rivals(
        *store, [&] { disk_->fail_sync(1); }, stream);
    ASSERT_FALSE(answers.at(0));
    EXPECT_EQ(answers.at(0).error().code, ErrorCode::outcome_unknown);
    for (const int behind : {1, 2}) {
      ASSERT_FALSE(answers.at(behind));
      EXPECT_EQ(answers.at(behind).error().code, ErrorCode::unavailable);
    }
    EXPECT_FALSE(store->append(booking("account-2", ExpectedVersion::any())));
  }
}

TEST_F(FailedGroup, TheGroupBehindIsRefusedForWhatIsInFlightOnceThatIsDurable) {
  const auto store = opened();
  const auto answers = rivals(
      *store, [] {}, "other");
  EXPECT_TRUE(answers.at(0));
  for (const int behind : {1, 2}) {
    ASSERT_FALSE(answers.at(behind));
    EXPECT_EQ(answers.at(behind).error().code, ErrorCode::wrong_expected_version);
  }
}

TEST(FailedSync, OfHeadsAtCloseDoesNotMakeAnOldTableBelieved) {
  const auto book = [](EventStore& store, int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string stream = "account-" + std::to_string(i % 600);
      ASSERT_TRUE(store.append({.events = {{.stream = stream, .type = "booked", .data = "{}"}},
                                .checks = {{stream, ExpectedVersion::any()}}}));
    }
  };
  // At a close the mark is synced first, then the heads, then that they are whole.
  for (std::uint64_t nth = 1; nth <= 3; ++nth) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      SCOPED_TRACE("sync " + std::to_string(nth) + ", disk " + std::to_string(seed));
      const auto disk = std::make_shared<FaultFileSystem>(seed);
      const LogOptions options{.path = "/store", .segment_bytes = 64 * 1024, .files = disk};
      {
        auto store = open_log_event_store(options);
        ASSERT_TRUE(store);
        ASSERT_NO_FATAL_FAILURE(book(**store, 0, 700));
      }
      {
        auto store = open_log_event_store(options);
        ASSERT_TRUE(store);
        ASSERT_NO_FATAL_FAILURE(book(**store, 700, 1'500));
        // A segment of one stream: the others' ends are not in the one that opening reads.
        for (int i = 0; i < 2; ++i) {
          ASSERT_TRUE((*store)->append(
              {.events = {{.stream = "long", .type = "noted", .data = std::string(60'000, 'x')}},
               .checks = {{"long", ExpectedVersion::any()}}}));
        }
        disk->fail_sync(nth, FaultFileSystem::AfterFailedSync::cache_forgets);
      }
      const auto store = open_log_event_store(options);
      ASSERT_TRUE(store) << to_string(store.error());
      for (int i = 0; i < 600; ++i) {
        const auto last = (*store)->stream_version("account-" + std::to_string(i));
        ASSERT_TRUE(last && *last);
        ASSERT_EQ((*last)->value, i < 300 ? 2U : 1U) << "account-" << i;
      }
    }
  }
}

TEST(Heads, ThatAreGoneFromTheirTableAreFoundInTheSegments) {
  const auto disk = std::make_shared<FaultFileSystem>();
  const LogOptions options{.path = "/store", .segment_bytes = 64 * 1024, .files = disk};
  constexpr int streams = 600;
  {
    auto store = open_log_event_store(options);
    ASSERT_TRUE(store);
    for (int i = 0; i < streams; ++i) {
      const std::string stream = "account-" + std::to_string(i);
      ASSERT_TRUE((*store)->append({.events = {{.stream = stream, .type = "booked", .data = "{}"}},
                                    .checks = {{stream, ExpectedVersion::no_stream()}}}));
    }
  }
  // Zeros look like an entry that was never used.
  const std::string zeros(512, '\0');
  for (std::uint64_t at = 64 * 1024; at < 256 * 1024; at += 2'048) {
    disk->overwrite("/store/heads", at, zeros);
  }
  auto store = open_log_event_store(options);
  ASSERT_TRUE(store) << to_string(store.error());
  for (int i = 0; i < streams; ++i) {
    const std::string stream = "account-" + std::to_string(i);
    const auto last = (*store)->stream_version(stream);
    ASSERT_TRUE(last && *last) << stream;
    EXPECT_EQ(**last, StreamVersion{0}) << stream;
    const auto again =
        (*store)->append({.events = {{.stream = stream, .type = "booked", .data = "{}"}},
                          .checks = {{stream, ExpectedVersion::no_stream()}}});
    ASSERT_FALSE(again) << stream;
    EXPECT_EQ(again.error().code, ErrorCode::wrong_expected_version);
  }
}

}  // namespace
}  // namespace annals
