#pragma once

#include <cstdint>
#include <string_view>

#include <annals/eventstore/id.hpp>

namespace annals::internal {

/// What events are found by.
enum class KeyKind : std::uint8_t {  // NOTE: stored in index files; never change a value.
  stream = 1,
  category = 2,
  type = 3,
  tag = 4,
};

/// 128 bits that stand for a name: wide enough that no two names of a store share them.
struct KeyHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const KeyHash&) const = default;
};

/// SipHash-2-4 with 128 bits of output, its key made of the store's id
/// (J.-P. Aumasson, D. J. Bernstein: "SipHash: a fast short-input PRF", 2012). The same store, or a
/// copy of it, always gives the same hashes.
class KeyHasher {
 public:
  explicit KeyHasher(const StoreId& store);

  KeyHash operator()(KeyKind kind, std::string_view name) const noexcept;
  /// Of an append's id.
  std::uint64_t operator()(const AppendId& id) const noexcept;

 private:
  std::uint64_t key_low_;
  std::uint64_t key_high_;
};

/// The algorithm itself.
KeyHash siphash_128(std::uint64_t key_low, std::uint64_t key_high, std::string_view text) noexcept;

}  // namespace annals::internal
