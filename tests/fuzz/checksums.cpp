#include "checksums.hpp"

#include <array>
#include <cstdio>
#include <cstring>
#include <span>
#include <string_view>

#include "log/bytes.hpp"
#include "log/crc32c.hpp"
#include "log/log_format.hpp"
#include "log/packed_format.hpp"

namespace annals::fuzz {
namespace {

using internal::bytes_of;
using internal::crc32c;
namespace format = internal::format;

std::uint32_t u32(const std::string& text, std::size_t at) {
  return internal::load<std::uint32_t>(bytes_of(text).data() + at);
}
std::uint64_t u64(const std::string& text, std::size_t at) {
  return internal::load<std::uint64_t>(bytes_of(text).data() + at);
}
template <typename T>
void put(std::string& text, std::size_t at, T value) {
  std::memcpy(text.data() + at, &value, sizeof value);
}
std::uint32_t sum(const std::string& text, std::size_t at, std::size_t bytes,
                  std::uint32_t seed = 0) {
  return crc32c(seed, bytes_of(text).subspan(at, bytes));
}

/// The records of one append, whose header is at `start`.
void sum_records(std::string& text, std::size_t start, std::size_t end, const StoreId& store,
                 std::uint64_t number) {
  for (std::size_t at = start + format::append_header_bytes;
       at + format::record_header_bytes <= end;) {
    const std::uint32_t bytes = u32(text, at);
    if (bytes < format::record_header_bytes || bytes > end - at) return;
    put(text, at + 4, sum(text, at + 8, bytes - 8, format::seed(store, number, at, bytes)));
    at += bytes;
  }
}

}  // namespace

void sum_manifest(std::string& text) {
  const std::size_t at = text.rfind("checksum ");
  if (at != std::string::npos) text.resize(at);
  std::array<char, 9> digits{};
  std::snprintf(digits.data(), digits.size(), "%08x", crc32c(0, bytes_of(text)));
  text += std::string("checksum ") + digits.data() + "\n";
}

void sum_mark(std::string& text) {
  for (std::size_t at = 0; at + 128 <= text.size(); at += 4096) {
    if (u32(text, at) != 0) put(text, at + 124, sum(text, at, 124));
  }
}

void sum_segment(std::string& text, const StoreId& store, std::uint64_t number) {
  if (text.size() < format::segment_header_bytes) return;
  put(text, 124, sum(text, 0, 124));
  std::size_t at = format::segment_header_bytes;
  while (at + format::frame_header_bytes <= text.size()) {
    const std::uint32_t length = u32(text, at);
    if (length < format::frame_header_bytes + format::frame_trailer_bytes ||
        length > text.size() - at) {
      return;
    }
    const std::size_t end = at + length - format::frame_trailer_bytes;
    for (std::size_t append = at + format::frame_header_bytes;
         append + format::append_header_bytes <= end;) {
      const std::uint32_t bytes = u32(text, append);
      if (bytes < format::append_header_bytes || bytes > end - append) break;
      sum_records(text, append, append + bytes, store, number);
      append += bytes;
    }
    const std::uint32_t crc = sum(text, at + 8, length - 8 - format::frame_trailer_bytes,
                                  format::seed(store, number, at, length));
    put(text, at + 4, crc);
    put(text, end, crc);
    put(text, end + 4, length);
    at += length;
  }
}

void sum_packed(std::string& text, const StoreId& store, std::uint64_t number) {
  namespace packed = internal::packed_format;
  if (text.size() < packed::header_bytes) return;
  const auto seed = [&](std::uint64_t at, std::uint64_t bytes) {
    return packed::seed(store, number, at, bytes);
  };
  const std::uint64_t table = u64(text, 64);
  const std::uint64_t dictionary = u32(text, 76);
  if (dictionary <= text.size() - packed::header_bytes) {
    put(text, 80,
        sum(text, packed::header_bytes, dictionary, seed(packed::header_bytes, dictionary)));
  }
  if (table <= text.size()) {
    for (std::size_t at = table; at + packed::entry_bytes <= text.size();
         at += packed::entry_bytes) {
      const std::uint64_t offset = u64(text, at + 8);
      const std::uint32_t bytes = u32(text, at + 16);
      if (offset > text.size() || bytes > text.size() - offset) continue;
      put(text, at + 20, sum(text, offset, bytes, seed(offset, bytes)));
    }
    put(text, 84, sum(text, table, text.size() - table, seed(table, text.size() - table)));
  }
  put(text, packed::crc_at, sum(text, 0, packed::crc_at));
}

void sum_index(std::string& text, const StoreId& store, std::uint64_t number) {
  constexpr std::size_t header_bytes = 512;
  constexpr std::size_t sections = 9;
  if (text.size() < header_bytes) return;
  std::array<std::byte, 24> seed_of{};
  std::memcpy(seed_of.data(), store.bytes.data(), 16);
  internal::store(seed_of.data() + 16, number);
  const std::uint32_t seed = crc32c(0x1DE8, seed_of);
  for (std::size_t i = 0; i < sections; ++i) {
    const std::size_t entry = 128 + i * 24;
    const std::uint64_t offset = u64(text, entry);
    const std::uint64_t bytes = u64(text, entry + 8);
    if (offset > text.size() || bytes > text.size() - offset) continue;
    put(text, entry + 16, sum(text, offset, bytes, seed));
  }
  put(text, header_bytes - 4, sum(text, 0, header_bytes - 4));
}

void sum_heads(std::string& text) {
  constexpr std::size_t regions_at = 64 * 1024;
  if (text.size() < regions_at) return;
  const auto guard = [&](std::size_t at) {
    const std::uint64_t value = u64(text, at) & ((1ULL << 48U) - 1);
    const std::uint64_t crc = crc32c(0x6A4D, std::as_bytes(std::span(&value, 1))) & 0xFFFFU;
    put(text, at, value == 0 ? 0 : crc << 48U | value);
  };
  put(text, 64, sum(text, 68, 188));
  guard(512);
  for (std::size_t i = 0; i < 4096; ++i) guard(4096 + i * 8);
  for (std::size_t at = regions_at; at + 32 <= text.size(); at += 32) {
    if (std::string_view(text).substr(at, 28).find_first_not_of('\0') != std::string::npos)
      put(text, at + 28, sum(text, at, 28, 0x4EAD));
  }
}

void sum_snapshots(std::string& text, const StoreId& store) {
  for (std::size_t at = 24; at + 72 <= text.size();) {
    const std::uint32_t bytes = u32(text, at);
    if (bytes < 72 || bytes > text.size() - at) return;
    put(text, at + 4, sum(text, at + 8, bytes - 8, format::seed(store, 0, at, bytes)));
    at += bytes;
  }
}

}  // namespace annals::fuzz
