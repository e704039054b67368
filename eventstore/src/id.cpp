#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/id.hpp>

#include "hex.hpp"
#include "sha256.hpp"

#include <pthread.h>
#include <sys/random.h>

namespace annals {

namespace {

void ask_system(std::uint8_t* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t got = ::getrandom(bytes, count, 0);
    if (got < 0) {
      ANNALS_ASSERT(errno == EINTR, std::strerror(errno));
      continue;
    }
    bytes += got;
    count -= static_cast<std::size_t>(got);
  }
}

// How often this process has been a child: bytes that its parent kept would be given out twice.
std::atomic<std::uint64_t>& forks() {
  static std::atomic<std::uint64_t> count = [] {
    ::pthread_atfork(nullptr, nullptr, [] { ++forks(); });
    return 0;
  }();
  return count;
}

// Each thread keeps some bytes of the system's: asking for each id costs more than all the rest.
void fill_random(std::uint8_t* bytes, std::size_t count) {
  struct Kept {
    std::array<std::uint8_t, 1024> bytes;
    std::size_t used = 1024;
    std::uint64_t fork = 0;
  };
  thread_local Kept kept;
  const std::uint64_t fork = forks().load(std::memory_order_relaxed);
  if (kept.fork != fork || kept.used + count > kept.bytes.size()) {
    ask_system(kept.bytes.data(), kept.bytes.size());
    kept.used = 0;
    kept.fork = fork;
  }
  std::memcpy(bytes, kept.bytes.data() + kept.used, count);
  kept.used += count;
}

void set_version(std::array<std::uint8_t, 16>& bytes, std::uint8_t version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | (version << 4U));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
}

}  // namespace

AppendId new_append_id() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  AppendId id;
  fill_random(id.bytes.data() + 6, 10);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = static_cast<std::uint64_t>(duration_cast<milliseconds>(now).count());
  for (unsigned i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40U - 8U * i));
  set_version(id.bytes, 7);
  return id;
}

AppendId append_id_of(std::string_view name) {
  const Digest digest = internal::sha256(name);
  AppendId id;
  std::copy_n(digest.bytes.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

StoreId new_store_id() {
  StoreId id;
  fill_random(id.bytes.data(), id.bytes.size());
  set_version(id.bytes, 4);
  return id;
}

namespace detail {

std::string format_id(const std::array<std::uint8_t, 16>& bytes) {
  std::string text;
  text.reserve(36);
  internal::append_hex(text, bytes.data(), 4);
  for (const std::size_t at : {4U, 6U, 8U}) {
    text += '-';
    internal::append_hex(text, bytes.data() + at, 2);
  }
  text += '-';
  internal::append_hex(text, bytes.data() + 10, 6);
  return text;
}

std::optional<std::array<std::uint8_t, 16>> parse_id(std::string_view text) {
  if (text.size() != 36) return internal::parse_hex<16>(text);
  std::string digits;
  digits.reserve(32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen != (text[i] == '-')) return std::nullopt;
    if (!hyphen) digits += text[i];
  }
  return internal::parse_hex<16>(digits);
}

}  // namespace detail
}  // namespace annals
