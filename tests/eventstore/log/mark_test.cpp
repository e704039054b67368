#include "log/mark.hpp"

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

namespace annals::internal {
namespace {

class MarkTest : public testing::Test {
 protected:
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
  MarkFile file = open(true);
  EXPECT_FALSE(*file.read(store_));
  for (std::uint64_t position = 1; position <= 5; ++position) {
    ASSERT_TRUE(file.write(at(position)));
    EXPECT_EQ((*file.read(store_))->position, GlobalPosition{position});
    EXPECT_EQ((*open(false).read(store_))->position, GlobalPosition{position});
  }
}

TEST_F(MarkTest, GoesOnWithTheSequenceAfterReopening) {
  ASSERT_TRUE(open(true).write(at(1)));
  MarkFile again = open(true);
  ASSERT_TRUE(again.read(store_));
  ASSERT_TRUE(again.write(at(2)));
  EXPECT_EQ((*again.read(store_))->position, GlobalPosition{2});
}

TEST_F(MarkTest, AnyFlippedBitLeavesTheOtherSlot) {
  MarkFile file = open(true);
  ASSERT_TRUE(file.write(at(1)));
  ASSERT_TRUE(file.write(at(2)));  // Sequence 2: the slot at offset 0.
  for (std::uint64_t bit = 0; bit < 128 * 8; ++bit) {
    flip(bit);
    const auto mark = *file.read(store_);
    ASSERT_TRUE(mark) << "bit " << bit;
    ASSERT_EQ(mark->position, GlobalPosition{1}) << "bit " << bit;
    flip(bit);
  }
}

TEST_F(MarkTest, OfAnotherStoreIsNoMark) {
  MarkFile file = open(true);
  ASSERT_TRUE(file.write(at(1)));
  EXPECT_FALSE(*file.read(new_store_id()));
}

TEST_F(MarkTest, IsNotMadeByAReader) {
  EXPECT_FALSE(*open(false).read(store_));
  EXPECT_FALSE(*files_->exists(folder_.file("mark")));
}

}  // namespace
}  // namespace annals::internal
