#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace annals::internal {

/// Which partitions know a producer. A broker takes the first request that it sees of a producer in
/// a partition whatever its sequence number (Kafka's KIP-360), and from then on only what follows
/// without a hole. So the first record goes alone: of two requests the first could be refused and
/// the second taken. A partition forgets producers whose last record there is older than
/// `producer.id.expiration.ms`, a day unless the broker says otherwise. Belongs to one thread.
class FirstRecords {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // Much shorter than any broker forgets: all that it costs is to wait for one acknowledgement.
  static constexpr std::chrono::seconds remembered_for{2};

  explicit FirstRecords(std::size_t partitions) : partitions_(partitions) {}

  /// Whether `partition` knows the producer at `now`: it has acknowledged a record not long ago.
  bool known(std::uint32_t partition, Moment now) const {
    const auto& acknowledged = partitions_[partition].acknowledged;
    return acknowledged && now - *acknowledged < remembered_for;
  }
  /// Whether a record may be sent there at `now`, as the first or as one that follows.
  bool may_send(std::uint32_t partition, Moment now) const {
    return partitions_[partition].under_way == 0 || known(partition, now);
  }
  void sent(std::uint32_t partition) { ++partitions_[partition].under_way; }
  /// REQUIRES: it was sent.
  void acknowledged(std::uint32_t partition, Moment now) {
    --partitions_[partition].under_way;
    partitions_[partition].acknowledged = now;
  }

 private:
  struct Partition {
    std::size_t under_way = 0;
    std::optional<Moment> acknowledged;
  };

  std::vector<Partition> partitions_;
};

}  // namespace annals::internal
