#pragma once

#include <vector>

#include "index.hpp"

namespace annals::internal {

/// What the index does not keep of appends, for tests that have no engine.
struct IndexEntries : AppendReader {
  std::vector<AppendEntry> entries;
  Result<AppendEntry> read_append_entry(std::uint64_t, const AppendSpot& spot) const override {
    return entries[spot.offset];
  }
};

inline const KeyHasher test_hasher{StoreId{{7}}};

}  // namespace annals::internal
