#pragma once

#include <span>
#include <vector>

#include "index.hpp"

namespace annals::internal {

/// What the index does not keep of appends, for tests that have no engine.
struct IndexEntries : AppendReader {
  std::vector<AppendEntry> entries;
  Result<void> read_append_entries(std::uint64_t, std::span<const AppendSpot> spots,
                                   std::vector<AppendEntry>& into) const override {
    for (const AppendSpot& spot : spots) into.push_back(entries[spot.offset]);
    return {};
  }
};

inline const KeyHasher test_hasher{StoreId{{7}}};

}  // namespace annals::internal
