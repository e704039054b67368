#pragma once

#include <cstddef>
#include <string_view>

#include <annals/eventstore/digest.hpp>

namespace annals::internal {

/// One SHA-256 being made. Keeps OpenSSL's header out of everybody else's.
class Sha256 {
 public:
  Sha256() noexcept;
  void add(const void* bytes, std::size_t count) noexcept;
  void add(std::string_view bytes) noexcept { add(bytes.data(), bytes.size()); }
  /// Call once, last.
  Digest finish() noexcept;

 private:
  static constexpr std::size_t state_bytes = 112;  // sizeof(SHA256_CTX), checked in sha256.cpp.
  alignas(8) unsigned char state_[state_bytes];
};

Digest sha256(std::string_view bytes) noexcept;

}  // namespace annals::internal
