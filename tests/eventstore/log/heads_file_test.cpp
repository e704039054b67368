// The table of streams' ends against a map, over closings, kills, power losses and copies.

#include "log/heads_file.hpp"

#include <random>
#include <unordered_map>

#include <gtest/gtest.h>

#include <annals/testkit/fault_file_system.hpp>
#include <annals/testkit/seed.hpp>

namespace annals::internal {
namespace {

using testkit::FaultFileSystem;
using What = Heads::Found::What;

class HeadsFileTest : public testing::Test {
 protected:
  std::unique_ptr<HeadsFile> open(FaultFileSystem& disk, std::uint64_t head) {
    return HeadsFile::open(disk, ".",
                           {.store = StoreId{{7}},
                            .era = era_,
                            .boot = disk.boot_id({}),
                            .head = {head},
                            .link_at = [](GlobalPosition at) { return link_at(at); }});
  }
  static Result<Link> link_at(GlobalPosition position) {
    Link link;
    link.bytes[0] = static_cast<std::uint8_t>(position.value);
    link.bytes[1] = static_cast<std::uint8_t>(position.value >> 8U);
    return link;
  }
  static KeyHash stream(std::uint64_t n) { return hasher(KeyKind::stream, std::to_string(n)); }
  /// Raises streams at random, and knows what must be found.
  void work(Heads& heads, std::uint64_t raises, std::uint64_t streams) {
    for (std::uint64_t i = 0; i < raises; ++i) {
      const std::uint64_t n = random_() % streams;
      const auto known = expected_.find(n);
      const std::uint64_t next = known == expected_.end() ? 0 : known->second.last.value + 1;
      expected_[n] = {{next}, ++position_ / 1000};
      heads.raise(stream(n), expected_[n]);
      heads.set_applied({position_});
    }
  }
  void expect_all(const Heads& heads) {
    for (const auto& [n, head] : expected_) {
      const auto found = heads.find(stream(n));
      ASSERT_EQ(found.what, What::head) << n;
      ASSERT_EQ(found.head.last, head.last) << n;
      ASSERT_EQ(found.head.part, head.part) << n;
    }
    EXPECT_EQ(heads.find(hasher(KeyKind::stream, "nobody")).what, What::nothing);
  }

  static inline const KeyHasher hasher{StoreId{{7}}};
  Era era_{1};
  std::shared_ptr<FaultFileSystem> disk_ = std::make_shared<FaultFileSystem>();
  std::mt19937_64 random_{testkit::seed(9)};
  std::unordered_map<std::uint64_t, Heads::Head> expected_;
  std::uint64_t position_ = 0;
};

TEST_F(HeadsFileTest, AreFoundWhileTheTableGrowsAndAfterItWasClosed) {
  for (int life = 0; life < 4; ++life) {
    const auto heads = open(*disk_, position_);
    ASSERT_EQ(heads->applied().value, position_);
    ASSERT_NO_FATAL_FAILURE(expect_all(*heads));
    work(*heads, 40'000, 30'000);
    ASSERT_NO_FATAL_FAILURE(expect_all(*heads));
    ASSERT_TRUE(heads->close(*link_at({position_})));
    disk_ = disk_->power_loss({random_()});
  }
}

TEST_F(HeadsFileTest, OfAProcessThatWasKilledAreBelievedUntilTheMachineIsRestarted) {
  {
    const auto heads = open(*disk_, 0);
    work(*heads, 20'000, 5'000);
    const auto killed = disk_->process_crash();
    const auto again = open(*killed, position_);
    EXPECT_EQ(again->applied().value, position_);
    expect_all(*again);
    disk_ = killed;
  }
  const auto restarted = disk_->power_loss({random_()});
  EXPECT_EQ(open(*restarted, position_)->applied().value, 0U);
}

TEST_F(HeadsFileTest, AreNotBelievedInACopyNorInAnotherEraNorBeyondTheHeadNorWithAnotherLink) {
  {
    const auto heads = open(*disk_, 0);
    work(*heads, 1'000, 100);
    ASSERT_TRUE(heads->close(*link_at({position_})));
  }
  EXPECT_EQ(open(*disk_->copy(), position_)->applied().value, 0U);
  era_ = {2};
  EXPECT_EQ(open(*disk_->fork(), position_)->applied().value, 0U);
  era_ = {1};
  EXPECT_EQ(open(*disk_->fork(), position_ - 1)->applied().value, 0U);
  const auto other = disk_->fork();
  EXPECT_EQ(HeadsFile::open(*other, ".",
                            {.store = StoreId{{7}},
                             .era = era_,
                             .boot = other->boot_id({}),
                             .head = {position_},
                             .link_at = [](GlobalPosition) { return Result<Link>(Link{}); }})
                ->applied()
                .value,
            0U);
  EXPECT_EQ(open(*disk_->fork(), position_)->applied().value, position_);
}

TEST_F(HeadsFileTest, DamagedAnywhereAreNeverWrong) {
  {
    const auto heads = open(*disk_, 0);
    work(*heads, 3'000, 2'000);
    ASSERT_TRUE(heads->close(*link_at({position_})));
  }
  const std::string whole = disk_->contents("heads");
  std::uint64_t noticed = 0;
  std::uint64_t believed = 0;
  for (int round = 0; round < 300; ++round) {
    // Where something is: most of the file is zeros.
    std::size_t at = random_() % whole.size();
    while (whole[at] == 0) at = (at + 1) % whole.size();
    const auto disk = disk_->fork();
    disk->overwrite("heads", at,
                    std::string(1, static_cast<char>(whole[at] ^ (1 << random_() % 8))));
    const auto heads = open(*disk, position_);
    if (heads->applied().value == 0) {
      ++noticed;
      continue;
    }
    ++believed;
    for (const auto& [n, head] : expected_) {
      const auto found = heads->find(stream(n));
      if (found.what == What::damage) {
        ++noticed;
        continue;
      }
      ASSERT_EQ(found.what, What::head) << "byte " << at;
      ASSERT_EQ(found.head.last, head.last) << "byte " << at;
    }
  }
  EXPECT_GT(noticed, 0U);
  EXPECT_GT(believed, 0U);
}

// Partitions that have lost something go on growing, and are opened again.
TEST_F(HeadsFileTest, DamageIsNotForgottenWhenMoreStreamsCome) {
  {
    const auto heads = open(*disk_, 0);
    work(*heads, 3'000, 2'000);
    ASSERT_TRUE(heads->close(*link_at({position_})));
  }
  const std::string whole = disk_->contents("heads");
  std::uint64_t damaged = 0;
  for (int round = 0; round < 40; ++round) {
    const std::size_t among = round % 2 == 0 ? 64 * 1024 : whole.size();
    const auto disk = disk_->fork();
    disk->overwrite("heads", 4096 + random_() % ((among - 4608) / 64) * 64, std::string(512, '\0'));
    for (int life = 0; life < 3; ++life) {
      const auto heads = open(*disk, position_);
      if (heads->applied().value == 0) break;
      for (const auto& [n, head] : expected_) {
        const auto found = heads->find(stream(n));
        damaged += found.what == What::damage ? 1 : 0;
        if (found.what == What::damage) continue;
        ASSERT_EQ(found.what, What::head) << "round " << round << ", life " << life;
        ASSERT_EQ(found.head.last, head.last);
      }
      for (std::uint64_t n = 0; n < 3'000; ++n) {
        heads->raise(stream(1'000'000 + static_cast<std::uint64_t>(life) * 3'000 + n), {{0}, 1});
      }
      ASSERT_TRUE(heads->close(*link_at({position_})));
    }
  }
  EXPECT_GT(damaged, 0U);
}

TEST_F(HeadsFileTest, ThatFindNoRoomAreKeptInMemoryAndMadeAnewNextTime) {
  {
    const auto heads = open(*disk_, 0);
    work(*heads, 2'000, 1'000);
    disk_->fill_disk(1);
    work(*heads, 60'000, 30'000);
    ASSERT_NO_FATAL_FAILURE(expect_all(*heads));
    static_cast<void>(heads->close(*link_at({position_})));
    disk_->free_space();
  }
  EXPECT_EQ(open(*disk_, position_)->applied().value, 0U);
  const auto full = std::make_shared<FaultFileSystem>();
  full->fill_disk(1);
  const auto heads = open(*full, position_);
  expected_.clear();
  work(*heads, 100, 50);
  expect_all(*heads);
}

}  // namespace
}  // namespace annals::internal
