#pragma once

#include <cstdint>
#include <optional>

#include <annals/eventstore/position.hpp>

#include "key_hash.hpp"

namespace annals::internal {

/// The end of every stream, found in one step. Not thread-safe.
class Heads {
 public:
  struct Head {
    StreamVersion last;
    std::uint64_t part = 0;  ///< The number of the part that holds it.
  };

  virtual ~Heads() = default;

  virtual std::optional<Head> find(const KeyHash& stream) const = 0;
  /// The stream ends with `head` now, unless it is known to be longer.
  virtual void raise(const KeyHash& stream, const Head& head) = 0;
  /// Everything up to here has been raised.
  virtual void set_applied(GlobalPosition position) = 0;
  virtual GlobalPosition applied() const = 0;
  /// Brings what find() will look at into the cache. Only for speed.
  virtual void prefetch(const KeyHash&) const {}
};

}  // namespace annals::internal
