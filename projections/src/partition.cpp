#include <bit>

#include <annals/projections/partition.hpp>

#include "row_key.hpp"

namespace annals {

namespace internal {

namespace {

// Eight bytes, the lowest first.
void append_number(std::uint64_t number, std::string& bytes) {
  for (int i = 0; i < 8; ++i) bytes.append(1, static_cast<char>(number >> (8 * i)));
}

}  // namespace

void append_key(const Cell& cell, std::string& bytes) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    bytes.append(std::to_string(text->size())).append(1, ':').append(*text);
  } else if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    append_number(static_cast<std::uint64_t>(*integer), bytes);
  } else if (const auto* real = std::get_if<double>(&cell)) {
    const double number = *real == 0 ? 0.0 : *real;  // -0 is the same key.
    append_number(std::bit_cast<std::uint64_t>(number), bytes);
  }
  bytes.append(1, static_cast<char>('0' + cell.index()));
}

std::uint64_t key_hash(std::string_view key) {
  // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  // Its lowest bits alone tell little about the key. So they are mixed with the others, as by
  // https://prng.di.unimi.it/splitmix64.c
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return hash ^ (hash >> 31);
}

std::uint32_t partition_of(std::string_view key, std::uint32_t count) {
  return static_cast<std::uint32_t>(key_hash(key) % count);
}

}  // namespace internal

std::string_view to_string(SplitBy split) noexcept {
  switch (split) {
    case SplitBy::row: return "row";
    case SplitBy::stream: return "stream";
  }
  return "row";
}

std::optional<SplitBy> parse_split_by(std::string_view text) noexcept {
  for (const SplitBy split : {SplitBy::row, SplitBy::stream}) {
    if (text == to_string(split)) return split;
  }
  return std::nullopt;
}

std::string to_string(const Partition& partition) {
  return "partition " + std::to_string(partition.index) + " of " + std::to_string(partition.count);
}

std::uint32_t partition_of(std::span<const Cell> key, std::uint32_t count) {
  std::string bytes;
  for (const Cell& cell : key) internal::append_key(cell, bytes);
  return internal::partition_of(bytes, count);
}

}  // namespace annals
