#include "log/mark.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

namespace annals::internal {
namespace {

class MarkTest : public testing::Test {
 protected:
  MarkFile create() {
    auto file = MarkFile::create(*files_, folder_.path());
    EXPECT_TRUE(file) << to_string(file.error());
    return std::move(*file);
  }
  MarkFile open(bool writable) {
    auto file = MarkFile::open(*files_, folder_.path(), writable);
    EXPECT_TRUE(file) << to_string(file.error());
    return std::move(*file);
  }
  Mark at(std::uint64_t position) {
    Mark mark;
    mark.store = store_;
    mark.position = {position};
    mark.segment = 1;
    mark.offset = 128 + position;
    return mark;
  }
  void flip(std::uint64_t bit) {
    auto file = files_->open(folder_.file("mark"), FileSystem::Mode::read_write);
    std::array<std::byte, 1> byte{};
    ASSERT_TRUE((*file)->read_at(bit / 8, byte));
    byte[0] ^= static_cast<std::byte>(1U << (bit % 8));
    ASSERT_TRUE((*file)->write_at(bit / 8, byte));
  }

  testkit::TemporaryFolder folder_;
  std::shared_ptr<FileSystem> files_ = posix_file_system();
  StoreId store_ = new_store_id();
};

TEST_F(MarkTest, TheNewestOneCounts) {
  MarkFile file = create();
  EXPECT_FALSE(*file.read(store_));
  for (std::uint64_t position = 1; position <= 5; ++position) {
    ASSERT_TRUE(file.write(at(position)));
    EXPECT_EQ((*file.read(store_))->position, GlobalPosition{position});
    EXPECT_EQ((*open(false).read(store_))->position, GlobalPosition{position});
  }
}

TEST_F(MarkTest, GoesOnWithTheSequenceAfterReopening) {
  ASSERT_TRUE(create().write(at(1)));
  MarkFile again = open(true);
  ASSERT_TRUE(again.read(store_));
  ASSERT_TRUE(again.write(at(2)));
  EXPECT_EQ((*again.read(store_))->position, GlobalPosition{2});
}

TEST_F(MarkTest, AnyFlippedBitLeavesAnotherSlotAndRaisesDoubt) {
  MarkFile file = create();
  ASSERT_TRUE(file.write(at(1)));
  EXPECT_FALSE((*file.read(store_))->doubtful);
  ASSERT_TRUE(file.anchor(at(2)));  // The slot at offset 0.
  EXPECT_FALSE((*file.read(store_))->doubtful);
  for (std::uint64_t bit = 0; bit < 128 * 8; ++bit) {
    flip(bit);
    const auto mark = *file.read(store_);
    ASSERT_TRUE(mark) << "bit " << bit;
    ASSERT_EQ(mark->position, GlobalPosition{1}) << "bit " << bit;
    ASSERT_TRUE(mark->doubtful) << "bit " << bit;
    flip(bit);
  }
}

TEST_F(MarkTest, AnAnchorIsNeverWrittenOverTheNewestAnchor) {
  MarkFile file = create();
  for (std::uint64_t position = 1; position <= 6; ++position) {
    ASSERT_TRUE(file.anchor(at(position)));
    if (position % 2 == 0) {
      ASSERT_TRUE(file.write(at(position)));
    }
    MarkFile again = open(true);
    ASSERT_EQ((*again.read(store_))->position, GlobalPosition{position});
    file = std::move(again);
  }
  // Both anchors are of the last two rounds: wiping the unsynced slots loses nothing older.
  auto raw = files_->open(folder_.file("mark"), FileSystem::Mode::read_write);
  const std::array<std::byte, 128> wiped{};
  ASSERT_TRUE((*raw)->write_at(8192, wiped));
  ASSERT_TRUE((*raw)->write_at(12288, wiped));
  EXPECT_EQ((*file.read(store_))->position, GlobalPosition{6});
}

TEST_F(MarkTest, OlderThanTheManifestRaisesDoubt) {
  MarkFile file = create();
  ASSERT_TRUE(file.write(at(1)));
  EXPECT_FALSE((*file.read(store_, 2))->doubtful) << "the log has just gone over to segment 2";
  EXPECT_TRUE((*file.read(store_, 3))->doubtful);
}

// Disks give the number of a file that was removed to the next one.
TEST_F(MarkTest, ThatWasPutInThePlaceOfARemovedOneIsKnownToBeCopied) {
  for (int round = 0; round < 8; ++round) {
    ASSERT_TRUE(create().write(at(1)));
    EXPECT_FALSE((*open(false).read(store_))->copied);
    const std::string path = folder_.file("mark");
    std::filesystem::copy_file(path, folder_.file("saved"));
    std::filesystem::remove(path);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // Disks tell no closer.
    std::filesystem::copy_file(folder_.file("saved"), path);
    EXPECT_TRUE((*open(false).read(store_))->copied);
    std::filesystem::remove(path);
    std::filesystem::remove(folder_.file("saved"));
  }
}

TEST_F(MarkTest, OfAnotherStoreIsNoMark) {
  MarkFile file = create();
  ASSERT_TRUE(file.write(at(1)));
  EXPECT_FALSE(*file.read(new_store_id()));
}

TEST_F(MarkTest, IsNotMadeByAReader) {
  EXPECT_FALSE(*open(false).read(store_));
  EXPECT_FALSE(*open(true).read(store_));
  EXPECT_FALSE(*files_->exists(folder_.file("mark")));
}

}  // namespace
}  // namespace annals::internal
