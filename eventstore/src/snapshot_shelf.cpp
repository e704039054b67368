#include "snapshot_shelf.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

namespace annals::internal {

namespace {

constexpr std::size_t newest_kept = 4;
constexpr std::size_t fingerprints_kept = 2;
constexpr std::size_t thin_first_at = 64;
constexpr int bucket_bits = 7;  // 128 buckets for each doubling of the age.

// Ages in one bucket differ by at most 1/128.
std::uint64_t bucket_of(std::uint64_t age) {
  const int coarse = std::max(0, static_cast<int>(std::bit_width(age)) - bucket_bits - 1);
  return (static_cast<std::uint64_t>(coarse) << 32U) + (age >> static_cast<unsigned>(coarse));
}

}  // namespace

// Of each bucket of ages the oldest stays: it is the one that moves on into the next bucket, so
// that no bucket ever runs dry.
std::vector<std::size_t> snapshots_to_drop(std::span<const std::uint64_t> versions) {
  std::vector<std::size_t> drop;
  const std::size_t older = versions.size() - std::min(versions.size(), newest_kept);
  std::optional<std::uint64_t> taken;
  for (std::size_t place = 0; place < older; ++place) {
    const std::uint64_t bucket = bucket_of(versions.back() - versions[place]);
    if (std::exchange(taken, bucket) == bucket) drop.push_back(place);
  }
  return drop;
}

void SnapshotShelf::add(Snapshot snapshot) {
  std::vector<Row>& rows = streams_[snapshot.stream];
  auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) {
    return candidate.fingerprint == snapshot.fingerprint;
  });
  if (row == rows.end()) {
    rows.push_back({snapshot.fingerprint, {}, thin_first_at});
  } else {
    std::rotate(row, std::next(row), rows.end());  // The last saved to is last.
  }
  if (rows.size() > fingerprints_kept) {
    size_ -= rows.front().snapshots.size();
    rows.erase(rows.begin());
  }

  Row& mine = rows.back();
  const auto place = std::lower_bound(
      mine.snapshots.begin(), mine.snapshots.end(), snapshot.version,
      [](const auto& kept, StreamVersion version) { return kept->version < version; });
  const bool replaces = place != mine.snapshots.end() && (*place)->version == snapshot.version;
  auto kept = std::make_shared<const Snapshot>(std::move(snapshot));
  if (replaces) {
    *place = std::move(kept);
    return;
  }
  mine.snapshots.insert(place, std::move(kept));
  ++size_;
  if (mine.snapshots.size() < mine.thin_at) return;
  size_ -= mine.snapshots.size();
  thin(mine);
  size_ += mine.snapshots.size();
  mine.thin_at = std::max(thin_first_at, mine.snapshots.size() + mine.snapshots.size() / 4);
}

void SnapshotShelf::thin(Row& row) {
  std::vector<std::uint64_t> versions;
  for (const auto& kept : row.snapshots) versions.push_back(kept->version.value);
  const std::vector<std::size_t> drop = snapshots_to_drop(versions);
  std::size_t place = 0;
  auto next = drop.begin();
  std::erase_if(row.snapshots, [&](const auto&) {
    const bool dropped = next != drop.end() && *next == place;
    ++place;
    if (dropped) ++next;
    return dropped;
  });
}

std::shared_ptr<const Snapshot> SnapshotShelf::newest(
    std::string_view stream, GlobalPosition at, std::uint64_t fingerprint,
    const std::function<bool(const Snapshot&)>& accept) const {
  const auto rows = streams_.find(stream);
  if (rows == streams_.end()) return nullptr;
  for (const Row& row : rows->second) {
    if (row.fingerprint != fingerprint) continue;
    const auto beyond = std::upper_bound(
        row.snapshots.begin(), row.snapshots.end(), at,
        [](GlobalPosition position, const auto& kept) { return position < kept->position; });
    for (auto kept = std::make_reverse_iterator(beyond); kept != row.snapshots.rend(); ++kept) {
      if (accept(**kept)) return *kept;
    }
  }
  return nullptr;
}

void SnapshotShelf::for_each(const std::function<void(const Snapshot&)>& visit) const {
  for (const auto& [stream, rows] : streams_) {
    for (const Row& row : rows) {
      for (const auto& kept : row.snapshots) visit(*kept);
    }
  }
}

}  // namespace annals::internal
