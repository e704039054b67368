/// @file
/// Who a store is.

#pragma once

#include <vector>

#include <annals/eventstore/id.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// Who a store is.
struct StoreIdentity {
  StoreId store;
  std::vector<EraBegin> eras;  ///< Oldest first; begins with era 1 after 0.
};

}  // namespace annals
