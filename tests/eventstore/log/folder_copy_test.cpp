// A plain copy of a store's folder (cp -r, rsync) while a writer goes on: files in any order, each
// from front to back in pieces, so that they are of different times. What comes out opens with a
// durable prefix that holds all that was answered before the copying began, or says `corrupt`; and
// it stays right when it is written to.

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

namespace annals {
namespace {

using testkit::append_of;
using testkit::event_on;
using testkit::FaultFileSystem;

class FolderCopy {
 public:
  explicit FolderCopy(std::uint64_t seed) : random_(seed) {}

  struct Counts {
    int opened = 0;
    int corrupt = 0;
    int written_to = 0;
  };

  void run(Counts& counts) {
    auto store = open_log_event_store(at(disk_, "/store"));
    ASSERT_TRUE(store);
    store_ = std::move(*store);
    // Events of one size, so that places and positions of two histories fit each other.
    const bool small = pick(2) == 0;
    size_ = small ? 40 : 1'500;
    append(*store_, pick(small ? 200 : 90));
    if (pick(3) == 0) {  // Opened again, with what that leaves.
      store_.reset();
      store_ = std::move(*open_log_event_store(at(disk_, "/store")));
    }
    const Head before = store_->head();
    copy();
    const auto now = pick(2) == 0 ? disk_ : disk_->power_loss({.seed = random_()});
    judge(now, before, counts);
  }

 private:
  static LogOptions at(const std::shared_ptr<FaultFileSystem>& disk, const std::string& path) {
    return {.path = path, .segment_bytes = 64 * 1024, .files = disk};
  }
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  void append(EventStore& store, std::uint64_t count) const {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto receipt = store.append(append_of({event_on("a", "t", std::string(size_, 'x'))}));
      if (receipt) continue;
      // The segment that would come next is there already: it was copied after the MANIFEST.
      ASSERT_NE(&store, store_.get()) << to_string(receipt.error());
      ASSERT_EQ(receipt.error().code, ErrorCode::corrupt) << to_string(receipt.error());
      ASSERT_NE(receipt.error().message.find("MANIFEST is older"), std::string::npos);
      return;
    }
  }

  /// An index in the making has another name a moment later.
  static bool is_to_be_copied(const std::string& file) {
    return file.starts_with("/store/") && !file.ends_with(".new");
  }

  void copy() {
    std::vector<std::string> files;
    const std::uint64_t most = pick(4) == 0 ? 60 : pick(12) + 1;
    for (const std::string& file : disk_->files()) {
      if (is_to_be_copied(file)) files.push_back(file);
    }
    std::shuffle(files.begin(), files.end(), random_);
    for (std::size_t i = 0; i < files.size(); ++i) {
      std::string copied;
      const bool segment = files[i].ends_with(".log");
      const std::size_t piece = segment ? std::size_t{4096} << pick(5) : std::size_t{1} << 30;
      const std::size_t size = disk_->contents(files[i]).size();
      do {
        copied += disk_->contents(files[i]).substr(copied.size(), piece);
        if (pick(3) == 0 && store_->head().position.value < 600) append(*store_, pick(most));
      } while (copied.size() < size);
      disk_->put("/copy" + files[i].substr(6), copied);
      if (i + 1 == files.size()) {
        for (const std::string& file : disk_->files()) {  // New ones, for a tool that looks again.
          const bool fresh = std::find(files.begin(), files.end(), file) == files.end();
          if (fresh && is_to_be_copied(file) && pick(2) == 0) files.push_back(file);
        }
      }
    }
  }

  void judge(const std::shared_ptr<FaultFileSystem>& disk, const Head& before, Counts& counts) {
    auto opened = open_log_event_store(at(disk, "/copy"));
    if (!opened) {
      EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << to_string(opened.error());
      ++counts.corrupt;
      return;
    }
    auto copy = std::move(*opened);
    const Head head = copy->head();
    EXPECT_GE(head.position, before.position) << "an answered append is missing";
    ASSERT_LE(head.position, store_->head().position);
    EXPECT_EQ(head.link, *store_->link_at(head.position)) << "not a prefix of what was written";
    const auto whole = copy->verify({});
    const auto events = read_all(*copy, {});
    if (!whole || whole->outcome != VerifyReport::Outcome::whole) {
      // A complete segment that was copied before it was complete shows when it is read.
      ASSERT_FALSE(events);
      EXPECT_EQ(events.error().code, ErrorCode::corrupt) << to_string(events.error());
      ++counts.corrupt;
      return;
    }
    ASSERT_TRUE(events) << to_string(events.error());
    EXPECT_EQ(events->size(), head.position.value);
    ++counts.opened;
    write_to(disk, std::move(copy), counts);
  }

  /// The copy lives on as a store of its own, and dies in several ways.
  void write_to(const std::shared_ptr<FaultFileSystem>& disk, std::unique_ptr<EventStore> copy,
                Counts& counts) {
    append(*copy, pick(6));
    const Head head = copy->head();
    const auto killed = disk->fork();
    const auto lost = disk->fork()->power_loss({.seed = random_()});
    copy.reset();
    const auto closed = disk->power_loss({.seed = random_()});
    for (const auto& then : {killed, lost, closed}) {
      const auto again = open_log_event_store(at(then, "/copy"));
      ASSERT_TRUE(again) << to_string(again.error());
      EXPECT_EQ((*again)->head(), head) << "something came back to life";
      const auto whole = (*again)->verify({});
      ASSERT_TRUE(whole);
      EXPECT_EQ(whole->outcome, VerifyReport::Outcome::whole);
      append(**again, 2);
    }
    ++counts.written_to;
  }

  std::mt19937_64 random_;
  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
  std::unique_ptr<EventStore> store_;
  std::size_t size_ = 0;
};

TEST(FolderCopy, OfALiveStoreIsADurablePrefixOrSaysCorrupt) {
#if defined(__SANITIZE_THREAD__)
  constexpr int runs = 45;  // Each takes ten times as long.
#else
  constexpr int runs = 300;
#endif
  const std::uint64_t first = testkit::seed(1);
  FolderCopy::Counts counts;
  for (std::uint64_t seed = first; seed < first + runs && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("ANNALS_SEED=" + std::to_string(seed));
    FolderCopy(seed).run(counts);
  }
  EXPECT_GT(counts.written_to, runs / 15);
  EXPECT_GT(counts.opened, runs * 3 / 4) << "most copies are of use";
  EXPECT_GT(counts.corrupt, 0);
  std::printf("%d opened, %d corrupt, %d written to\n", counts.opened, counts.corrupt,
              counts.written_to);
}

// The copy of the active segment has a hole: its front is of before some appends, what follows is
// of after them. Events of one size (large ones: no space is zeroed ahead of them) written to the
// copy then end exactly where an old frame begins.
class HoleInACopy : public testing::TestWithParam<int> {
 protected:
  static LogOptions at(const std::shared_ptr<FaultFileSystem>& disk, const std::string& path) {
    return {.path = path, .segment_bytes = 8 * 1024 * 1024, .files = disk};
  }
  static void append(EventStore& store, int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(store.append(append_of({event_on("a", "t", std::string(200'000, 'x'))})));
  }
};

TEST_P(HoleInACopy, LaterEventsOfTheOriginalNeverComeToLifeInIt) {
  const auto disk = std::make_shared<FaultFileSystem>();
  const auto store = *open_log_event_store(at(disk, "/store"));
  append(*store, GetParam());
  const std::string early = disk->contents("/store/segment-00000001.log");
  for (const char* name : {"MANIFEST", "mark"}) {
    disk->put(std::string("/copy/") + name, disk->contents(std::string("/store/") + name));
  }
  append(*store, 4);
  const std::uint64_t hole_end = store->stats().bytes;
  append(*store, 10);
  const std::string late = disk->contents("/store/segment-00000001.log");
  disk->put("/copy/segment-00000001.log", early.substr(0, hole_end) + late.substr(hole_end));

  auto copy = *open_log_event_store(at(disk, "/copy"));
  EXPECT_EQ(copy->head().position.value, static_cast<std::uint64_t>(GetParam()));
  append(*copy, 4);
  ASSERT_EQ(copy->stats().bytes, hole_end) << "the next old frame would fit";
  const Head head = copy->head();
  const auto killed = disk->fork();
  copy.reset();
  const auto closed = disk->power_loss({.seed = 1});
  const auto after_kill = open_log_event_store(at(killed, "/copy"));
  ASSERT_TRUE(after_kill) << to_string(after_kill.error());
  EXPECT_EQ((*after_kill)->head(), head);
  if (GetParam() == 0) return;  // Then it may look like damage, which is not wrong.
  const auto rebooted = open_log_event_store(at(closed, "/copy"));
  ASSERT_TRUE(rebooted) << to_string(rebooted.error());
  EXPECT_EQ((*rebooted)->head(), head);
}

INSTANTIATE_TEST_SUITE_P(EventsBefore, HoleInACopy, testing::Values(0, 1, 6));

}  // namespace
}  // namespace annals
