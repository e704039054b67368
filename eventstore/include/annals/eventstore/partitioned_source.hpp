/// @file
/// A history in parts that the processes of a group share, as the source deals them out.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <annals/eventstore/event_source.hpp>

namespace annals {

/// One of those who share a history. Thread-safe. Leaves when it ends; what subscribes to its
/// partitions ends before it does.
class PartitionMember {
 public:
  virtual ~PartitionMember() = default;

  /// Whether the partition is this member's now.
  virtual bool holds(std::uint32_t partition) const = 0;

  /// The events of one partition, those of each stream in order; how far all of them are in a batch
  /// says its complete_up_to, which may lie inside of an append. A subscription gives `unavailable`
  /// while the partition is not held; one at a time.
  virtual const EventSource& partition(std::uint32_t partition) const = 0;

  /// Why it may be given nothing, or have lost what it held; empty: nothing is amiss.
  virtual std::string last_error() const = 0;
};

struct MembershipOptions {
  /// What the partitions are read for: each consumer has its own members, and its own place.
  std::string consumer;
  /// The cursors that are kept for the partitions, in their order, as far as there are any: where
  /// to begin reading. Called when partitions are given.
  std::function<Result<std::vector<std::string>>()> cursors;
  /// The partition was given.
  std::function<void(std::uint32_t partition)> given = {};
  /// These partitions are not held any more; they may go to other members once this returns.
  std::function<void(std::span<const std::uint32_t> partitions)> taken_away = {};
  // All are called on a thread of the member's, and not after it has ended.
};

/// A history whose streams are dealt out to partitions: each stream is in one, for good.
/// Thread-safe.
class PartitionedSource {
 public:
  virtual ~PartitionedSource() = default;

  /// How many. Errors: unavailable (it is not known yet), invalid_argument (it has changed).
  virtual Result<std::uint32_t> partitions() const = 0;

  /// Begins to share. Errors: invalid_argument (the source was not told of a group).
  virtual Result<std::unique_ptr<PartitionMember>> join(MembershipOptions options) const = 0;
};

}  // namespace annals
