/// @file
/// How peers that know only bytes keep events: keys that sort as their numbers do, and values.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace annals::bench {

inline void put_big_endian(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}

/// Of the last eight bytes of `key`. REQUIRES: it has as many.
inline std::uint64_t last_big_endian(std::string_view key) {
  std::uint64_t number = 0;
  for (const char byte : key.substr(key.size() - 8)) {
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

/// What an event is stored as: its type and its data.
inline void put_event(std::string& value, std::string_view type, std::string_view data) {
  value += static_cast<char>(type.size());
  value += type;
  value += data;
}

struct StoredEvent {
  std::string_view type;
  std::string_view data;
};
inline StoredEvent stored_event(std::string_view value) {
  const auto type_bytes = static_cast<unsigned char>(value.front());
  return {value.substr(1, type_bytes), value.substr(1 + type_bytes)};
}

}  // namespace annals::bench
