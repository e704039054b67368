// Stores made from the front of another's history, whatever has become of the rest.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_compression.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/requests.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::FaultFileSystem;

class RestoreUpTo : public testing::Test {
 protected:
  static constexpr std::uint64_t events = 100;  // Of two kilobytes: thirty fill a segment.

  void SetUp() override {
    const auto store = *open_log_event_store(at("/store"));
    links_.push_back(*store->link_at({0}));
    for (std::uint64_t i = 0; i < events; ++i) {
      const auto receipt = store->append(append_of({event_on("a", "t", std::string(2'000, 'x'))}));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
      links_.push_back(receipt->link);
    }
    ASSERT_GE(store->stats().segments, 3U);
  }
  LogOptions at(const std::string& path) const {
    return {.path = path, .segment_bytes = 64 * 1024, .files = disk_};
  }
  Result<BackupReport> restored(std::uint64_t last) {
    to_ = "/restored-" + std::to_string(++count_);
    return restore_log("/store", at(to_), {.last = GlobalPosition{last}});
  }
  /// It holds just the first `last` events, with the links they have, and goes on in a new era.
  void expect_front(std::uint64_t last) {
    const auto report = restored(last);
    ASSERT_TRUE(report) << to_string(report.error());
    EXPECT_EQ(report->position, GlobalPosition{last});
    EXPECT_EQ(report->link, links_[last]);
    const auto whole = verify_log_files(at(to_), {});
    ASSERT_TRUE(whole) << to_string(whole.error());
    EXPECT_EQ(whole->outcome, VerifyReport::Outcome::whole);
    EXPECT_EQ((Head{whole->position, whole->link}), (Head{{last}, links_[last]}));
    const auto store = open_log_event_store(at(to_));
    ASSERT_TRUE(store) << to_string(store.error());
    const auto receipt = (*store)->append(append_of({event_on("a", "t", std::string(2'000, 'y'))}));
    ASSERT_TRUE(receipt) << to_string(receipt.error());
    EXPECT_EQ(receipt->first_position, GlobalPosition{last + 1});
    EXPECT_EQ(receipt->era, Era{2});
    EXPECT_EQ(receipt->version_of("a"), StreamVersion{last});
  }
  void flip(const std::string& file, std::uint64_t at) {
    std::string bytes = disk_->contents(file);
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    disk_->put(file, bytes);
  }
  /// Up to where the damaged store is proved.
  GlobalPosition proved() const {
    const auto report = verify_log_files(at("/store"), {});
    EXPECT_TRUE(report) << to_string(report.error());
    EXPECT_EQ(report->outcome, VerifyReport::Outcome::changed);
    return report->position;
  }

  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
  std::vector<Link> links_;  // By position.
  std::string to_;
  int count_ = 0;
};

TEST_F(RestoreUpTo, AnyPositionGivesAStoreThatEndsThereAndGoesOn) {
  for (std::uint64_t last = 1; last <= events; last += 3) expect_front(last);
  expect_front(events);
}

TEST_F(RestoreUpTo, APositionInACompressedSegmentToo) {
  ASSERT_TRUE(compress_log(at("/store"), {}));
  for (std::uint64_t last = 1; last <= events; last += 7) expect_front(last);
}

TEST_F(RestoreUpTo, WhatIsWholeIsSavedFromADamagedActiveSegment) {
  flip("/store/segment-00000004.log", 9'000);
  EXPECT_FALSE(open_log_event_store(at("/store")));
  EXPECT_FALSE(restore_log("/store", at("/all"), {})) << "all of it cannot be had";
  const GlobalPosition last = proved();
  ASSERT_GT(last.value, 90U);
  ASSERT_LT(last.value, events);
  expect_front(last.value);
  const auto too_far = restored(last.value + 1);
  ASSERT_FALSE(too_far);
  EXPECT_EQ(too_far.error().code, ErrorCode::corrupt);
  EXPECT_EQ(too_far.error().position, last);
  ASSERT_TRUE(too_far.error().place);
  EXPECT_EQ(too_far.error().place->file, "/store/segment-00000004.log");
}

TEST_F(RestoreUpTo, WhatIsWholeIsSavedFromADamagedCompleteSegmentAndFromAStoreWithoutItsMark) {
  disk_->put("/store/mark", "");
  flip("/store/segment-00000002.log", 20'000);
  const GlobalPosition last = proved();
  expect_front(last.value);
  EXPECT_EQ(restored(last.value + 1).error().code, ErrorCode::corrupt);
  EXPECT_EQ(restored(events).error().code, ErrorCode::corrupt) << "what lies before it is damaged";
}

TEST_F(RestoreUpTo, AnAppendIsNeverParted) {
  {
    const auto store = *open_log_event_store(at("/store"));
    ASSERT_TRUE(store->append(append_of({event_on("b"), event_on("b"), event_on("b")})));
  }
  const auto report = restored(events + 2);
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->position, GlobalPosition{events});
  EXPECT_EQ(restored(events + 3)->position, GlobalPosition{events + 3});
}

TEST_F(RestoreUpTo, BeyondTheEndIsDivergedAndBeforeTheFirstIsInvalid) {
  const auto beyond = restored(events + 1);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::diverged);
  EXPECT_EQ(restored(0).error().code, ErrorCode::invalid_argument);
}

TEST_F(RestoreUpTo, ConsumersWithinItGoOnWhateverEraTheySawAndThoseBeyondAreDiverged) {
  ASSERT_TRUE(restore_log("/store", at("/second"), {}));  // Its era 2 begins after all events.
  const auto second = *open_log_event_store(at("/second"));
  const auto within = second->resume({{second->token().store, Era{1}, {40}}, links_[40]});
  const auto beyond = second->resume({{second->token().store, Era{1}, {60}}, links_[60]});
  ASSERT_TRUE(within && beyond);
  EXPECT_EQ(within->token.era, Era{2});
  ASSERT_TRUE(restore_log("/second", at("/third"), {.last = GlobalPosition{50}}));
  const auto third = *open_log_event_store(at("/third"));
  EXPECT_EQ(third->token().era, Era{3});
  for (const Era era : {Era{1}, Era{2}}) {
    EXPECT_TRUE(third->resume({{third->token().store, era, {40}}, links_[40]}));
    const auto refused = third->resume({{third->token().store, era, {60}}, links_[60]});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::diverged);
  }
}

}  // namespace
}  // namespace annals
