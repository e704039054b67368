#pragma once

#include <memory>
#include <span>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/eventstore/verify.hpp>

#include "append_entry.hpp"

namespace annals::internal {

/// One append as the memory engine keeps it: the request, and the recorded events as views into it.
/// Never changes; whoever holds it may read it.
class MemoryBlock : public std::enable_shared_from_this<MemoryBlock> {
 public:
  MemoryBlock(AppendRequest request, std::span<const StreamVersion> versions,
              const AppendEntry& entry);
  MemoryBlock(const MemoryBlock&) = delete;
  MemoryBlock& operator=(const MemoryBlock&) = delete;

  const AppendEntry& entry() const { return entry_; }
  const std::vector<RecordedEvent>& events() const { return events_; }
  /// What the writer gave: contents are hashed over it.
  const std::vector<NewEvent>& given() const { return request_.events; }
  /// What to index the events by, with the hashes that were made when they were prepared.
  std::vector<RecordKeys> keys(std::span<const KeyHash> streams,
                               std::span<const std::uint64_t> tags) const;

 private:
  const AppendRequest request_;
  const AppendEntry entry_;
  std::vector<std::string_view> tags_;  // Of all events.
  std::vector<RecordedEvent> events_;
};

/// The link of `entry` after `previous`; its own link is not looked at.
Link link_of(const AppendEntry& entry, const Link& previous,
             std::span<const StreamVersion> versions, std::span<const Digest> contents);

/// Hashes the blocks again, which are all of a store's from the first on.
///
/// Errors: diverged (a range beyond the last block).
Result<VerifyReport> verify_blocks(std::span<const std::shared_ptr<const MemoryBlock>> blocks,
                                   const StoreId& store, const VerifyOptions& options);

}  // namespace annals::internal
