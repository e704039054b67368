#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

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

/// A buffer that grows as the next frame is written into it. It keeps its room when it is cleared.
class ByteBuffer {
 public:
  std::size_t size() const noexcept { return size_; }
  void clear() noexcept { size_ = 0; }
  void reserve(std::size_t bytes) {
    if (bytes > capacity_) grow(bytes);
  }
  std::byte* data() noexcept { return bytes_.get(); }
  std::span<const std::byte> bytes() const noexcept { return {bytes_.get(), size_}; }

  template <typename T>
  void put(T value) {
    std::memcpy(extend(sizeof(T)), &value, sizeof(T));
  }
  void put_bytes(const void* from, std::size_t count) {
    if (count > 0) std::memcpy(extend(count), from, count);
  }
  void put_text(std::string_view text) { put_bytes(text.data(), text.size()); }
  void put_zeros(std::size_t count) {
    if (count > 0) std::memset(extend(count), 0, count);
  }

 private:
  std::byte* extend(std::size_t count) {
    if (count > capacity_ - size_) grow(size_ + count);
    std::byte* const at = bytes_.get() + size_;
    size_ += count;
    return at;
  }
  void grow(std::size_t least) {
    const std::size_t capacity = std::max({least, capacity_ * 2, std::size_t{4096}});
    auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

constexpr std::uint64_t round_up_to_8(std::uint64_t value) noexcept { return (value + 7) & ~7ULL; }

inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace annals::internal
