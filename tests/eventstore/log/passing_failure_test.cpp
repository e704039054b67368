// What fails once and is well again, or throws: it is told as an error, nothing is lost, and nobody
// waits for ever.

#include <future>
#include <new>
#include <stdexcept>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/manual_clock.hpp>
#include <annals/testkit/requests.hpp>

#include "log/open.hpp"

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::FaultFileSystem;

/// A clock that throws while it is told to.
class ThrowingClock final : public Clock {
 public:
  Timestamp now() const override {
    if (throws) throw std::runtime_error("the clock is gone");
    return clock_.now();
  }
  bool throws = false;

 private:
  testkit::ManualClock clock_;
};

class PassingFailure : public testing::Test {
 protected:
  LogOptions options(LogOptions::Access access = LogOptions::Access::create,
                     Compression compression = Compression::none) const {
    return {.path = "/store",
            .access = access,
            .segment_bytes = 64 * 1024,
            .compression = compression,
            .clock = clock_,
            .files = disk_};
  }
  /// Seals and packs before an append that completes a segment is answered.
  std::unique_ptr<EventStore> open_packing() const {
    return *internal::open_log_event_store(options(LogOptions::Access::create, Compression::zstd),
                                           internal::PlantedBug::none, true);
  }
  static void append_until(EventStore& store, std::uint64_t segments) {
    while (store.stats().segments < segments) {
      ASSERT_TRUE(store.append(append_of({event_on("a", "t", std::string(8'000, 'x'))})));
    }
  }
  static Result<Receipt> append_one(EventStore& store) {
    return store.append(append_of({event_on("a")}));
  }

  std::shared_ptr<ThrowingClock> clock_ = std::make_shared<ThrowingClock>();
  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
};

TEST_F(PassingFailure, OfAReadLeavesAReaderThatGoesOnWhereSegmentsWerePackedMeanwhile) {
  std::uint64_t failed = 0;
  for (std::uint64_t nth = 1; nth < 60; ++nth) {
    SCOPED_TRACE("read " + std::to_string(nth));
    disk_ = std::make_shared<FaultFileSystem>();
    const auto writer = open_packing();
    append_until(*writer, 2);
    const auto reader = *open_log_event_store(options(LogOptions::Access::read_only));
    ASSERT_TRUE(read_all(*reader, {}));
    append_until(*writer, 6);
    disk_->fail_read(nth);
    const auto first = read_all(*reader, {});
    failed += first ? 0 : 1;
    disk_->fail_read(1'000'000);
    for (int i = 0; i < 2; ++i) {
      const auto events = read_all(*reader, {});
      ASSERT_TRUE(events) << to_string(events.error());
      ASSERT_EQ(events->size(), writer->head().position.value);
      EXPECT_EQ(reader->head(), writer->head());
      EXPECT_EQ(reader->stats().bytes, writer->stats().bytes);
      ASSERT_TRUE(append_one(*writer));
    }
  }
  EXPECT_GT(failed, 10U);
}

TEST_F(PassingFailure, ThatThrowsInAGroupEndsWritingAndIsToldToAll) {
  auto store = *open_log_event_store(options());
  ASSERT_TRUE(append_one(*store));
  AppendRequest request = append_of({event_on("a")});
  request.id = new_append_id();
  clock_->throws = true;
  const auto thrown = store->append(request);
  clock_->throws = false;
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, ErrorCode::outcome_unknown);
  EXPECT_NE(thrown.error().message.find("the clock is gone"), std::string::npos);
  EXPECT_EQ(thrown.error().append_id, request.id);

  const auto later = append_one(*store);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, ErrorCode::unavailable);
  EXPECT_NE(later.error().message.find("reopen"), std::string::npos);
  std::promise<ErrorCode> promised;
  store->append_async(append_of({event_on("a")}), [&](const Result<Receipt>& receipt) {
    promised.set_value(receipt ? ErrorCode::rejected : receipt.error().code);
  });
  EXPECT_EQ(promised.get_future().get(), ErrorCode::unavailable);
  const auto found = store->find_append(*request.id);
  ASSERT_FALSE(found) << "it may have been recorded";
  EXPECT_EQ(found.error().code, ErrorCode::unavailable);
  EXPECT_NE(store->stats().failure, "");
  EXPECT_EQ(read_all(*store, {})->size(), 1U);

  store.reset();
  store = *open_log_event_store(options());
  EXPECT_FALSE(*store->find_append(*request.id));
  EXPECT_TRUE(store->append(request));
}

TEST_F(PassingFailure, ThatThrowsInAnAsynchronousGroupIsToldToo) {
  const auto store = *open_log_event_store(options());
  clock_->throws = true;
  std::promise<ErrorCode> promised;
  store->append_async(append_of({event_on("a")}), [&](const Result<Receipt>& receipt) {
    promised.set_value(receipt ? ErrorCode::rejected : receipt.error().code);
  });
  EXPECT_EQ(promised.get_future().get(), ErrorCode::outcome_unknown);
}

TEST_F(PassingFailure, OfAFunctionThatIsToBeWokenIsItsOwn) {
  const auto store = *open_log_event_store(options());
  const auto subscription = *store->subscribe({});
  const auto other = *store->subscribe({});
  int woken = 0;
  subscription->on_ready([] { throw std::runtime_error("not now"); });
  other->on_ready([&] { ++woken; });
  ASSERT_TRUE(append_one(*store));
  ASSERT_TRUE(append_one(*store));
  EXPECT_EQ(woken, 2);
}

TEST_F(PassingFailure, ToWriteAnIndexIsToldWhereSegmentsAreToBePacked) {
  std::uint64_t told = 0;
  for (std::uint64_t nth = 1; nth < 12; ++nth) {
    disk_ = std::make_shared<FaultFileSystem>();
    const auto store = open_packing();
    ASSERT_TRUE(append_one(*store));
    disk_->fill_disk(nth);
    while (store->stats().segments < 3 &&
           store->append(append_of({event_on("a", "t", std::string(8'000, 'x'))}))) {
    }
    told += store->stats().packing_failure.find(".index") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(told, 0U);
}

TEST_F(PassingFailure, LeavesSnapshotsThatAreFarTooLongReadable) {
  {
    const auto store = *open_log_event_store(options());
    const auto receipt = append_one(*store);
    ASSERT_TRUE(store->save_snapshot({.stream = "a",
                                      .version = {0},
                                      .position = receipt->last_position,
                                      .link = receipt->link,
                                      .data = "state"}));
  }
  const std::string whole = disk_->contents("/store/snapshots");
  disk_->put("/store/snapshots", whole + std::string(3'000'000, '\0'));
  ASSERT_TRUE(backup_log(options(), "/backup"));
  EXPECT_EQ(disk_->contents("/backup/snapshots"), whole);
  const auto store = *open_log_event_store(options());
  EXPECT_TRUE(*store->load_snapshot("a", {1}, 0));
}

}  // namespace
}  // namespace annals
