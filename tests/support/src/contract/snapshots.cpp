// Snapshots: a cache that may forget, and never lies.

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_snapshots() {}

namespace {

constexpr std::uint64_t fingerprint = 0x1234;

// Of the stream "a-1", which is alone in its store: version v is at position v + 1.
Snapshot snapshot_at(const EventStore& store, std::uint64_t version) {
  return {.stream = "a-1",
          .version = {version},
          .position = {version + 1},
          .link = *store.link_at({version + 1}),
          .fingerprint = fingerprint,
          .data = "state " + std::to_string(version)};
}

}  // namespace

TEST_P(EventStoreContract, TheNewestSnapshotAtOrBeforeAPositionIsFound) {
  append(append_to("a-1", ExpectedVersion::no_stream(), 10));
  for (const std::uint64_t version : {2U, 6U}) {
    ASSERT_TRUE(store().save_snapshot(snapshot_at(store(), version)));
  }
  const auto load = [&](std::uint64_t at) -> std::string {
    const auto found = store().load_snapshot("a-1", {at}, fingerprint);
    EXPECT_TRUE(found);
    return found && *found ? (*found)->data : "none";
  };
  EXPECT_EQ(load(10), "state 6");
  EXPECT_EQ(load(7), "state 6");
  EXPECT_EQ(load(6), "state 2");
  EXPECT_EQ(load(3), "state 2");
  EXPECT_EQ(load(2), "none");
  EXPECT_EQ(store().stats().snapshots_saved, 2U);
  EXPECT_EQ(store().stats().snapshot_hits, 4U);
}

TEST_P(EventStoreContract, ASnapshotComesBackAsItWasSaved) {
  append(append_to("a-1", ExpectedVersion::no_stream(), 3));
  Snapshot saved = snapshot_at(store(), 1);
  saved.data = std::string("\0\xff", 2);
  ASSERT_TRUE(store().save_snapshot(saved));
  const auto found = store().load_snapshot("a-1", {3}, fingerprint);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->stream, saved.stream);
  EXPECT_EQ((*found)->version, saved.version);
  EXPECT_EQ((*found)->position, saved.position);
  EXPECT_EQ((*found)->link, saved.link);
  EXPECT_EQ((*found)->fingerprint, saved.fingerprint);
  EXPECT_EQ((*found)->data, saved.data);
}

TEST_P(EventStoreContract, ASnapshotOfAnotherFingerprintIsNotFound) {
  append(append_to("a-1", ExpectedVersion::no_stream(), 3));
  ASSERT_TRUE(store().save_snapshot(snapshot_at(store(), 1)));
  EXPECT_FALSE(store().load_snapshot("a-1", {3}, fingerprint + 1)->has_value());
  EXPECT_FALSE(store().load_snapshot("a-2", {3}, fingerprint)->has_value());
}

TEST_P(EventStoreContract, ASnapshotSavedAgainTakesTheOldOnesPlace) {
  append(append_to("a-1", ExpectedVersion::no_stream(), 3));
  Snapshot snapshot = snapshot_at(store(), 1);
  ASSERT_TRUE(store().save_snapshot(snapshot));
  snapshot.data = "better";
  ASSERT_TRUE(store().save_snapshot(snapshot));
  EXPECT_EQ((*store().load_snapshot("a-1", {3}, fingerprint))->data, "better");
}

TEST_P(EventStoreContract, ASnapshotThatTheLogContradictsIsRefused) {
  append(append_to("a-1", ExpectedVersion::no_stream(), 3));
  Snapshot unknown_version = snapshot_at(store(), 2);
  unknown_version.version = {3};
  Snapshot other_position = snapshot_at(store(), 2);
  other_position.position = {2};
  Snapshot other_link = snapshot_at(store(), 2);
  other_link.link.bytes[0] ^= 1;
  Snapshot other_stream = snapshot_at(store(), 2);
  other_stream.stream = "a-2";
  Snapshot too_large = snapshot_at(store(), 2);
  too_large.data.assign(Limits::data_bytes_ceiling + 1, 's');
  for (const Snapshot& bad :
       {unknown_version, other_position, other_link, other_stream, too_large}) {
    const auto saved = store().save_snapshot(bad);
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(store().load_snapshot("a-1", {3}, fingerprint)->has_value());
}

// With one snapshot at every event, whatever an engine thins out: a look back finds one not much
// further back than it looks.
TEST_P(EventStoreContract, ManySnapshotsAreThinnedButOneIsAlwaysNear) {
  constexpr std::uint64_t count = 3000;
  append(append_to("a-1", ExpectedVersion::no_stream(), count));
  for (std::uint64_t version = 0; version < count; ++version) {
    ASSERT_TRUE(store().save_snapshot(snapshot_at(store(), version)));
  }
  for (std::uint64_t version = 0; version < count; version += 13) {
    const auto found = store().load_snapshot("a-1", {version + 1}, fingerprint);
    ASSERT_TRUE(found && *found) << version;
    const std::uint64_t age = count - 1 - version;
    EXPECT_LE(version - (*found)->version.value, age / 8) << version;
  }
}

}  // namespace annals::testkit
