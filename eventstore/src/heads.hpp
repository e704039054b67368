#pragma once

#include <cstdint>

#include <annals/eventstore/position.hpp>

#include "key_hash.hpp"

namespace annals::internal {

/// The end of every stream, found in one step. Not thread-safe.
class Heads {
 public:
  struct Head {
    StreamVersion last;
    std::uint64_t part = 0;  ///< The number of the part that holds it; below 2^32.
  };

  virtual ~Heads() = default;

  struct Found {
    enum class What : std::uint8_t {
      nothing,  ///< There is no such stream.
      head,
      damage,  ///< What would tell is not what was written: look at the parts.
    } what = What::nothing;
    Head head = {};
  };
  virtual Found find(const KeyHash& stream) const = 0;
  /// The stream ends with `head` now, unless it is known to be longer.
  virtual void raise(const KeyHash& stream, const Head& head) = 0;
  /// Everything up to here has been raised.
  virtual void set_applied(GlobalPosition position) = 0;
  virtual GlobalPosition applied() const = 0;
  /// Brings what find() will look at into the cache. Only for speed.
  virtual void prefetch(const KeyHash&) const {}
};

}  // namespace annals::internal
