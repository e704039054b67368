// The disk that the other tests here stand on: it must lose what was not synced and nothing else.

#include <algorithm>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include <annals/testkit/fault_file_system.hpp>

namespace annals::testkit {
namespace {

using Mode = FileSystem::Mode;

std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class FaultFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(disk_->create_directories("/d"));
    ASSERT_TRUE(disk_->sync_directory("/"));
  }
  std::unique_ptr<File> created(const std::string& path, std::string_view text) {
    auto file = disk_->open(path, Mode::create_new);
    EXPECT_TRUE(file);
    EXPECT_TRUE((*file)->write_at(0, bytes(text)));
    return std::move(*file);
  }
  /// A file whose first contents are durable.
  std::unique_ptr<File> durable(const std::string& path, std::string_view text) {
    auto file = created(path, text);
    EXPECT_TRUE(file->sync());
    EXPECT_TRUE(disk_->sync_directory("/d"));
    return file;
  }

  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
};

TEST_F(FaultFiles, WhatWasSyncedSurvivesEveryPowerLoss) {
  const auto file = durable("/d/a", "first");
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto after = disk_->fork()->power_loss({seed});
    EXPECT_EQ(after->contents("/d/a"), "first");
  }
}

TEST_F(FaultFiles, AnUnsyncedWriteIsThereOrNotOrInPart) {
  const auto file = durable("/d/a", std::string(2048, '-'));
  ASSERT_TRUE(file->write_at(0, bytes(std::string(2048, 'x'))));
  std::set<std::string> outcomes;
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string now = disk_->fork()->power_loss({seed})->contents("/d/a");
    outcomes.insert(now);
    torn = torn || (now.find('x') != std::string::npos && now.find('-') != std::string::npos);
  }
  EXPECT_TRUE(outcomes.contains(std::string(2048, '-')));
  EXPECT_TRUE(outcomes.contains(std::string(2048, 'x')));
  EXPECT_TRUE(torn);
}

TEST_F(FaultFiles, ALaterUnsyncedWriteMaySurviveAnEarlierOne) {
  const auto file = durable("/d/a", std::string(8192, '-'));
  ASSERT_TRUE(file->write_at(0, bytes("early")));
  ASSERT_TRUE(file->write_at(4096, bytes("later")));
  bool reordered = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string now = disk_->fork()->power_loss({seed})->contents("/d/a");
    reordered = reordered || (now.substr(0, 5) == "-----" && now.substr(4096, 5) == "later");
  }
  EXPECT_TRUE(reordered);
}

TEST_F(FaultFiles, ANameIsDurableOnlyOnceItsFolderIsSynced) {
  const auto file = created("/d/a", "x");
  ASSERT_TRUE(file->sync());
  std::set<bool> there;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    there.insert(disk_->fork()->power_loss({seed})->files().size() == 1);
  }
  EXPECT_EQ(there.size(), 2U);
  ASSERT_TRUE(disk_->sync_directory("/d"));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(disk_->fork()->power_loss({seed})->files().size(), 1U);
  }
}

TEST_F(FaultFiles, ARenameHappensWhollyOrNotAtAll) {
  const auto old_file = durable("/d/a", "old");
  const auto new_file = durable("/d/a.new", "new");
  ASSERT_TRUE(disk_->rename("/d/a.new", "/d/a"));
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto after = disk_->fork()->power_loss({seed});
    const std::string now = after->contents("/d/a");
    outcomes.insert(now);
    EXPECT_EQ(after->files().size(), now == "new" ? 1U : 2U);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"old", "new"}));
}

TEST_F(FaultFiles, AProcessCrashKeepsTheCacheAndFreesLocks) {
  const auto lock = disk_->lock("/d/LOCK");
  ASSERT_TRUE(lock);
  const auto file = created("/d/a", "unsynced");
  const auto after = disk_->process_crash();
  EXPECT_EQ(after->contents("/d/a"), "unsynced");
  EXPECT_EQ(after->boot_id({}), disk_->boot_id({}));
  EXPECT_TRUE(after->lock("/d/LOCK"));
  EXPECT_FALSE(file->write_at(0, bytes("ghost"))) << "the crashed process goes on writing";
  EXPECT_EQ(after->contents("/d/a"), "unsynced");
}

TEST_F(FaultFiles, UnsyncedWritesOfACrashedProcessCanStillBeLost) {
  const auto file = durable("/d/a", "old");
  ASSERT_TRUE(file->write_at(0, bytes("new")));
  const auto crashed = disk_->process_crash();
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    lost = lost || crashed->fork()->power_loss({seed})->contents("/d/a") == "old";
  }
  EXPECT_TRUE(lost);
}

TEST_F(FaultFiles, APowerLossChangesTheBootId) {
  EXPECT_NE(disk_->power_loss({1})->boot_id({}), disk_->boot_id({}));
}

TEST_F(FaultFiles, AfterAFailedSyncTheCacheShowsWhatNoSecondSyncMakesDurable) {
  const auto file = durable("/d/a", "old");
  ASSERT_TRUE(file->write_at(0, bytes("new")));
  disk_->fail_sync(1);
  EXPECT_FALSE(file->sync());
  EXPECT_EQ(disk_->contents("/d/a"), "new");
  ASSERT_TRUE(file->sync());
  // What the failed sync left behind is decided by the disk's own seed: with some it is nothing.
  bool lost = false;
  for (std::uint64_t seed = 1; seed < 20 && !lost; ++seed) {
    FaultFileSystem other(seed);

    other.put("/a", "old");
    auto again = other.open("/a", Mode::read_write);
    ASSERT_TRUE(again && (*again)->write_at(0, bytes("new")));
    other.fail_sync(1);
    EXPECT_FALSE((*again)->sync());
    EXPECT_TRUE((*again)->sync());
    lost = other.power_loss({1})->contents("/a") == "old";
  }
  EXPECT_TRUE(lost);
  // Written again, it can be made durable.
  ASSERT_TRUE(file->write_at(0, bytes("new")));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(disk_->power_loss({1})->contents("/d/a"), "new");
}

TEST_F(FaultFiles, AfterAFailedSyncTheCacheMayShowWhatTheDeviceHas) {
  bool forgotten = false;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    FaultFileSystem disk(seed);
    disk.put("/a", "old");
    auto file = disk.open("/a", Mode::read_write);
    ASSERT_TRUE(file && (*file)->write_at(0, bytes("new")));
    disk.fail_sync(1, FaultFileSystem::AfterFailedSync::cache_forgets);
    EXPECT_FALSE((*file)->sync());
    const std::string seen = disk.contents("/a");
    forgotten = forgotten || seen == "old";
    EXPECT_EQ(disk.power_loss({seed})->contents("/a"), seen);
  }
  EXPECT_TRUE(forgotten);
}

TEST_F(FaultFiles, IgnoredSyncsAnswerSuccessAndKeepNothing) {
  const auto file = durable("/d/a", "old");
  disk_->ignore_syncs(true);
  ASSERT_TRUE(file->write_at(0, bytes("new")));
  ASSERT_TRUE(file->sync());
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    lost = lost || disk_->fork()->power_loss({seed})->contents("/d/a") == "old";
  }
  EXPECT_TRUE(lost);
}

TEST_F(FaultFiles, AMappingShowsLaterWritesAndAFileThatGrew) {
  const auto file = created("/d/a", "0123");
  ASSERT_TRUE(file->allocate(16));
  const auto mapping = file->map(16);
  ASSERT_TRUE(mapping);
  ASSERT_TRUE(file->write_at(8, bytes("late")));
  ASSERT_TRUE(file->allocate(1 << 20));
  const auto seen = (*mapping)->bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(seen.data()) + 8, 4), "late");
  EXPECT_FALSE(file->map((1 << 20) + 1)) << "longer than the file";
}

TEST_F(FaultFiles, AFullDiskRefusesOnlyWhatNeedsSpaceUntilThereIsSome) {
  const auto file = created("/d/a", "");
  ASSERT_TRUE(file->allocate(100));
  disk_->fill_disk(2);
  EXPECT_TRUE(file->allocate(200));
  EXPECT_FALSE(file->allocate(300));
  EXPECT_FALSE(disk_->open("/d/b", Mode::create_new));
  EXPECT_TRUE(file->write_at(0, bytes("room was made for this")));
  disk_->free_space();
  EXPECT_TRUE(file->allocate(300));
}

TEST_F(FaultFiles, AFailedWriteLeavesAPart) {
  const auto file = created("/d/a", std::string(64, '-'));
  disk_->fail_write(2);
  ASSERT_TRUE(file->write_at(0, bytes(std::string(64, '1'))));
  EXPECT_FALSE(file->write_at(0, bytes(std::string(64, '2'))));
  const std::string now = disk_->contents("/d/a");
  EXPECT_EQ(now.find_first_of('1'), std::min<std::size_t>(now.find('1'), now.size()));
  EXPECT_TRUE(std::all_of(now.begin(), now.end(), [](char c) { return c == '1' || c == '2'; }));
}

TEST_F(FaultFiles, AReadOnlyDiskCanBeReadAndNotChanged) {
  const auto file = durable("/d/a", "old");
  disk_->set_read_only(true);
  EXPECT_FALSE(disk_->open("/d/a", Mode::read_write));
  EXPECT_FALSE(disk_->open("/d/b", Mode::create_new));
  EXPECT_FALSE(disk_->lock("/d/a"));
  EXPECT_FALSE(disk_->remove("/d/a"));
  EXPECT_FALSE(file->write_at(0, bytes("new")));
  auto reader = disk_->open("/d/a", Mode::read);
  ASSERT_TRUE(reader);
  std::array<std::byte, 3> into{};
  EXPECT_EQ(*(*reader)->read_at(0, into), 3U);
  EXPECT_EQ(disk_->contents("/d/a"), "old");
}

TEST_F(FaultFiles, OnceSwitchedOffNothingSucceeds) {
  const auto file = durable("/d/a", "old");
  disk_->switch_off_after(1);
  EXPECT_TRUE(file->write_at(0, bytes("1")));
  EXPECT_FALSE(file->write_at(0, bytes("2")));
  EXPECT_TRUE(disk_->is_off());
  std::array<std::byte, 3> into{};
  EXPECT_FALSE(file->read_at(0, into));
  EXPECT_FALSE(disk_->exists("/d/a"));
}

TEST_F(FaultFiles, AHeldDiskWaitsForItsRelease) {
  const auto file = durable("/d/a", "old");
  disk_->hold();
  std::thread writer([&] { EXPECT_TRUE(file->write_at(0, bytes("new"))); });
  disk_->await_waiting_operation();
  EXPECT_EQ(disk_->contents("/d/a"), "old");
  disk_->release();
  writer.join();
  EXPECT_EQ(disk_->contents("/d/a"), "new");
}

TEST_F(FaultFiles, TheSameSeedsGiveTheSameDisk) {
  const auto run = [](std::uint64_t seed) {
    FaultFileSystem disk(seed);
    auto file = disk.open("/a", Mode::create_new);
    for (std::uint64_t i = 0; i < 20; ++i) {
      (void)(*file)->write_at(i * 700, bytes(std::string(900, static_cast<char>('a' + i))));
    }
    (void)disk.sync_directory("/");
    disk.fail_sync(1);
    (void)(*file)->sync();
    (void)(*file)->write_at(100, bytes(std::string(5000, 'z')));
    return disk.power_loss({seed})->contents("/a");
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(run(seed), run(seed));
}

}  // namespace
}  // namespace annals::testkit
