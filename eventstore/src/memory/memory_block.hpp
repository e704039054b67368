#pragma once

#include <memory>
#include <span>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/eventstore/verify.hpp>

#include "prepared_append.hpp"

namespace annals::internal {

/// One append as the memory engine keeps it: as it was prepared, and the recorded events as views
/// into that. Never changes; whoever holds it may read it.
class MemoryBlock : public std::enable_shared_from_this<MemoryBlock> {
 public:
  /// REQUIRES: `append`'s keys have their versions.
  MemoryBlock(PreparedAppend append, const AppendEntry& entry);
  MemoryBlock(const MemoryBlock&) = delete;
  MemoryBlock& operator=(const MemoryBlock&) = delete;

  const AppendEntry& entry() const { return entry_; }
  const std::vector<RecordedEvent>& events() const { return events_; }
  /// What the writer gave: contents are hashed over it.
  const PreparedAppend& given() const { return append_; }

 private:
  const PreparedAppend append_;
  const AppendEntry entry_;
  std::vector<RecordedEvent> events_;
};

/// Hashes the blocks again, which are all of a store's from the first on.
///
/// Errors: diverged (a range beyond the last block).
Result<VerifyReport> verify_blocks(std::span<const std::shared_ptr<const MemoryBlock>> blocks,
                                   const StoreId& store, const VerifyOptions& options);

}  // namespace annals::internal
