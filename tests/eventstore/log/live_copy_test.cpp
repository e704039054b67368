// A plain copy of a live store's folder whose mark was copied later than its active segment. The
// copy opens with what the segment holds, and says what it lacks; the same files where they were
// written are damaged.

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::FaultFileSystem;

constexpr const char* first_segment = "/segment-00000001.log";
constexpr const char* second_segment = "/segment-00000002.log";

class LiveCopy : public testing::Test {
 protected:
  LogOptions at(const std::string& path,
                LogOptions::Access access = LogOptions::Access::create) const {
    return {.path = path, .access = access, .segment_bytes = 64 * 1024, .files = disk_};
  }
  /// Events so large that no space is zeroed ahead of them.
  static void append(EventStore& store, int count) {
    for (int i = 0; i < count; ++i) {
      const auto receipt = store.append(append_of({event_on("a", "t", std::string(1'500, 'x'))}));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
    }
  }
  std::unique_ptr<EventStore> open_store() const { return *open_log_event_store(at("/store")); }
  std::string of_store(const std::string& name) const { return disk_->contents("/store" + name); }
  void put(const std::string& name, const std::string& bytes) const {
    disk_->put("/copy" + name, bytes);
  }
  void copy_now(std::initializer_list<const char*> names) const {
    for (const char* name : names) put(name, of_store(name));
  }
  Error refusal_of_copy() const {
    const auto copy = open_log_event_store(at("/copy"));
    EXPECT_FALSE(copy);
    return copy ? Error{} : copy.error();
  }

  void expect_refused_with_advice() const {
    const Error error = refusal_of_copy();
    EXPECT_EQ(error.code, ErrorCode::corrupt);
    EXPECT_NE(error.message.find("copy it again"), std::string::npos) << error.message;
  }

  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
};

TEST_F(LiveCopy, WhoseMarkIsNewerThanItsSegmentOpensWithWhatTheSegmentHolds) {
  const auto store = open_store();
  append(*store, 5);
  copy_now({first_segment});
  append(*store, 4);
  copy_now({"/MANIFEST", "/mark", "/heads"});
  append(*store, 2);

  const auto before = verify_log_files(at("/copy"), {});
  ASSERT_TRUE(before) << to_string(before.error());
  EXPECT_EQ(before->outcome, VerifyReport::Outcome::incomplete);
  EXPECT_EQ(before->position, GlobalPosition{5});
  ASSERT_TRUE(before->first_bad);
  EXPECT_NE(before->first_bad->what.find("up to position 9"), std::string::npos)
      << before->first_bad->what;
  {
    const auto reader = *open_log_event_store(at("/copy", LogOptions::Access::read_only));
    EXPECT_EQ(reader->head().position, GlobalPosition{5});
    EXPECT_EQ(reader->stats().missing_from_copy, 4U);
    EXPECT_EQ(reader->stats().unsettled_events, 0U);
    EXPECT_EQ(read_all(*reader, {})->size(), 5U);
  }
  const auto backup = backup_log(at("/copy"), "/backup");
  ASSERT_TRUE(backup) << to_string(backup.error());
  EXPECT_EQ(backup->position, GlobalPosition{5});

  auto copy = *open_log_event_store(at("/copy"));
  EXPECT_EQ(copy->stats().missing_from_copy, 4U);
  ASSERT_EQ(copy->head().position, GlobalPosition{5});
  EXPECT_EQ(copy->head().link, *store->link_at({5}));
  append(*copy, 1);
  const Head head = copy->head();
  for (const auto& then : {disk_->fork(), disk_->fork()->power_loss({.seed = 1})}) {
    LogOptions options = at("/copy");
    options.files = then;
    const auto again = open_log_event_store(options);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ((*again)->head(), head);
    EXPECT_EQ((*again)->stats().missing_from_copy, 0U);
    EXPECT_EQ((*again)->verify({})->outcome, VerifyReport::Outcome::whole);
  }
}

TEST_F(LiveCopy, TheSameWhereItWasWrittenIsDamage) {
  auto store = open_store();
  append(*store, 5);
  const std::string early = of_store(first_segment);
  append(*store, 4);
  const auto killed = disk_->fork();
  killed->overwrite(std::string("/store") + first_segment, 0, early);
  for (const auto access : {LogOptions::Access::read_only, LogOptions::Access::create}) {
    LogOptions options = at("/store", access);
    options.files = killed;
    const auto opened = open_log_event_store(options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    EXPECT_EQ(opened.error().message.find("copy"), std::string::npos) << opened.error().message;
  }
}

TEST_F(LiveCopy, WithLessThanWasThereWhenItsStoreWasOpenedIsCorruptAndSaysWhatToDo) {
  auto store = open_store();
  append(*store, 5);
  const std::string early = of_store(first_segment);
  append(*store, 2);
  store.reset();
  store = open_store();
  append(*store, 2);
  put(first_segment, early);
  copy_now({"/MANIFEST", "/mark"});
  expect_refused_with_advice();
}

TEST_F(LiveCopy, WithAHoleIsCorruptAndSaysWhatToDo) {
  const auto store = open_store();
  append(*store, 5);
  const std::string early = of_store(first_segment);
  append(*store, 2);
  const std::uint64_t hole_end = store->stats().bytes;
  append(*store, 2);
  put(first_segment, early.substr(0, hole_end) + of_store(first_segment).substr(hole_end));
  copy_now({"/MANIFEST", "/mark"});
  expect_refused_with_advice();
}

TEST_F(LiveCopy, WhoseManifestIsOlderThanItsMarkGoesOnBesideTheOriginalsNextSegment) {
  const auto store = open_store();
  append(*store, 5);
  copy_now({"/MANIFEST"});
  while (store->stats().segments == 1) append(*store, 1);
  append(*store, 3);
  copy_now({first_segment, second_segment, "/mark"});

  auto copy = *open_log_event_store(at("/copy"));
  const std::uint64_t complete = store->head().position.value - 4;
  EXPECT_EQ(copy->head().position.value, complete);
  EXPECT_EQ(copy->head().link, *store->link_at({complete}));
  EXPECT_EQ(copy->stats().missing_from_copy, 4U);
  EXPECT_EQ(disk_->contents(std::string("/copy") + second_segment + ".beyond"),
            of_store(second_segment));
  while (copy->stats().segments < 3) append(*copy, 1);
  const Head head = copy->head();
  copy.reset();
  copy = *open_log_event_store(at("/copy"));
  EXPECT_EQ(copy->head(), head);
  EXPECT_EQ(copy->verify({})->outcome, VerifyReport::Outcome::whole);
}

TEST_F(LiveCopy, ThatWasListedBeforeTheNewestSegmentWasThereHoldsTheOnesBefore) {
  const auto store = open_store();
  append(*store, 5);
  while (store->stats().segments == 1) append(*store, 1);
  append(*store, 3);
  copy_now({first_segment, "/mark", "/MANIFEST"});
  const std::uint64_t complete = store->head().position.value - 4;
  const auto before = verify_log_files(at("/copy", LogOptions::Access::read_only), {});
  ASSERT_TRUE(before) << to_string(before.error());
  EXPECT_EQ(before->outcome, VerifyReport::Outcome::incomplete);
  EXPECT_EQ(before->position.value, complete);

  const auto copy = *open_log_event_store(at("/copy"));
  EXPECT_EQ(copy->head().position.value, complete);
  EXPECT_EQ(copy->stats().missing_from_copy, 4U);
  append(*copy, 1);
  EXPECT_EQ(copy->verify({})->outcome, VerifyReport::Outcome::whole);
}

TEST_F(LiveCopy, ThatLacksASegmentInWhichNothingWasDurableLacksNothing) {
  const auto store = open_store();
  append(*store, 5);
  while (store->stats().segments == 1) {
    copy_now({"/mark"});
    append(*store, 1);
  }
  copy_now({first_segment, "/MANIFEST"});
  const auto report = verify_log_files(at("/copy", LogOptions::Access::read_only), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::incomplete) << "until it is opened";
  ASSERT_TRUE(report->first_bad);
  EXPECT_NE(report->first_bad->what.find("none of its events was durable"), std::string::npos)
      << report->first_bad->what;
  const auto copy = *open_log_event_store(at("/copy"));
  EXPECT_EQ(copy->stats().missing_from_copy, 0U);
  EXPECT_EQ(copy->head().position.value, store->head().position.value - 1);
}

TEST_F(LiveCopy, WithoutASegmentThatWasThereWhenItsStoreWasOpenedIsCorrupt) {
  auto store = open_store();
  while (store->stats().segments == 1) append(*store, 1);
  store.reset();
  copy_now({first_segment, "/mark", "/MANIFEST"});
  const auto report = verify_log_files(at("/copy", LogOptions::Access::read_only), {});
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::changed);
  EXPECT_EQ(refusal_of_copy().code, ErrorCode::corrupt);
}

TEST(LiveCopyByCp, HoldsAllThatWasAnsweredBeforeItBegan) {
  const testkit::TemporaryFolder folder;
  const auto store = *open_log_event_store({.path = folder.file("store")});
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) ASSERT_TRUE(store->append(append_of({event_on("a", "t", "{}")})));
  });
  for (int i = 0; i < 10; ++i) {
    const std::string to = folder.file("copy" + std::to_string(i));
    const GlobalPosition before = store->head().position;
    const std::string command = "cp -r '" + folder.file("store") + "' '" + to + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const auto copy = open_log_event_store({.path = to});
    ASSERT_TRUE(copy) << to_string(copy.error());
    const Head head = (*copy)->head();
    EXPECT_GE(head.position, before);
    EXPECT_EQ(head.link, *store->link_at(head.position));
    EXPECT_EQ((*copy)->verify({})->outcome, VerifyReport::Outcome::whole);
    EXPECT_TRUE((*copy)->append(append_of({event_on("a", "t", "{}")})));
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace annals
