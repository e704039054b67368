#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace annals::internal {

static_assert(std::endian::native == std::endian::little,
              "the log is little-endian and read in place");

/// Loads a little-endian integer from anywhere. REQUIRES: sizeof(T) readable bytes at `from`.
template <typename T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void store(std::byte* to, T value) noexcept {
  std::memcpy(to, &value, sizeof(T));
}

/// A buffer that grows as the next frame is written into it.
class ByteBuffer {
 public:
  std::size_t size() const noexcept { return bytes_.size(); }
  void clear() noexcept { bytes_.clear(); }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(bytes_.data()); }
  std::span<const std::byte> bytes() const noexcept {
    return {reinterpret_cast<const std::byte*>(bytes_.data()), bytes_.size()};
  }

  template <typename T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void put_bytes(const void* from, std::size_t count) {
    bytes_.append(static_cast<const char*>(from), count);
  }
  void put_text(std::string_view text) { bytes_.append(text); }
  void put_zeros(std::size_t count) { bytes_.append(count, '\0'); }

 private:
  std::string bytes_;
};

constexpr std::uint64_t round_up_to_8(std::uint64_t value) noexcept { return (value + 7) & ~7ULL; }

inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace annals::internal
