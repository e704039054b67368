#include "snapshot_shelf.hpp"

#include <gtest/gtest.h>

#include <annals/eventstore/result.hpp>

namespace annals::internal {
namespace {

Snapshot snapshot(std::uint64_t version, std::uint64_t fingerprint = 1) {
  return {.stream = "a-1",
          .version = {version},
          .position = {version * 10 + 1},
          .link = {},
          .fingerprint = fingerprint,
          .data = std::to_string(version)};
}

bool any_snapshot(const Snapshot&) { return true; }

std::string newest(const SnapshotShelf& shelf, std::uint64_t at, std::uint64_t fingerprint = 1) {
  const auto found = shelf.newest("a-1", {at}, fingerprint, any_snapshot);
  return found ? found->data : "none";
}

TEST(SnapshotShelf, OneThatIsNotAcceptedGivesWayToTheOneBefore) {
  SnapshotShelf shelf;
  for (const std::uint64_t version : {1U, 2U, 3U}) shelf.add(snapshot(version));
  const auto found = shelf.newest("a-1", {99}, 1, [](const Snapshot& s) { return s.data != "3"; });
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->data, "2");
}

TEST(SnapshotShelf, TheTwoFingerprintsLastSavedToAreKept) {
  SnapshotShelf shelf;
  shelf.add(snapshot(1, 100));
  shelf.add(snapshot(1, 200));
  shelf.add(snapshot(2, 100));
  shelf.add(snapshot(2, 300));
  EXPECT_EQ(newest(shelf, 99, 100), "2");
  EXPECT_EQ(newest(shelf, 99, 200), "none");
  EXPECT_EQ(newest(shelf, 99, 300), "2");
  EXPECT_EQ(shelf.size(), 3U);
}

TEST(SnapshotShelf, OfAMillionEventsNotTwoThousandSnapshotsStayAndOneIsNear) {
  SnapshotShelf shelf;
  constexpr std::uint64_t last = 1'000'000;
  constexpr std::uint64_t interval = 100;
  for (std::uint64_t version = 0; version <= last; version += interval)
    shelf.add(snapshot(version));
  EXPECT_LT(shelf.size(), 2'000U);
  for (std::uint64_t version = 0; version <= last; version += 9'973) {
    const auto found = shelf.newest("a-1", {version * 10 + 1}, 1, any_snapshot);
    ASSERT_NE(found, nullptr) << version;
    const std::uint64_t further_back = version - found->version.value;
    EXPECT_LE(further_back, (last - version) / 48 + interval) << version;
  }
}

TEST(SnapshotShelf, TheNewestFourStayWhateverTheirDistance) {
  SnapshotShelf shelf;
  for (std::uint64_t version = 0; version < 10'000; ++version) shelf.add(snapshot(version));
  for (const std::uint64_t version : {9'996U, 9'997U, 9'998U, 9'999U}) {
    EXPECT_EQ(newest(shelf, version * 10 + 1), std::to_string(version));
  }
}

TEST(SnapshotShelf, SizeCountsWhatForEachVisits) {
  SnapshotShelf shelf;
  for (std::uint64_t version = 0; version < 500; ++version) shelf.add(snapshot(version));
  shelf.add(snapshot(499));
  shelf.add(snapshot(3, 2));
  std::size_t visited = 0;
  shelf.for_each([&](const Snapshot&) { ++visited; });
  EXPECT_EQ(visited, shelf.size());
}

}  // namespace
}  // namespace annals::internal
