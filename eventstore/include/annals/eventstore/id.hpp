/// @file
/// Sixteen-byte identities.

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace annals {

/// Sixteen bytes that name one thing for good. `Tag` keeps an event's id from being passed for an
/// append's. Written as a UUID is: "018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e".
template <typename Tag>
struct Id {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Id&) const = default;
};

using AppendId = Id<struct AppendIdTag>;
using EventId = Id<struct EventIdTag>;
using StoreId = Id<struct StoreIdTag>;

/// A new id that sorts by time: UUID version 7 (RFC 9562, section 5.7), its random part from the
/// operating system. Thread-safe.
AppendId new_append_id();

/// The id of a request that has a name of its own: the first 16 bytes of SHA-256(name). The same
/// name always gives the same id, so that an import run again repeats its appends.
AppendId append_id_of(std::string_view name);

/// A new random id for a store.
StoreId new_store_id();

namespace detail {
std::string format_id(const std::array<std::uint8_t, 16>& bytes);
std::optional<std::array<std::uint8_t, 16>> parse_id(std::string_view text);
}  // namespace detail

template <typename Tag>
std::string to_string(const Id<Tag>& id) {
  return detail::format_id(id.bytes);
}

/// Reads 32 hexadecimal digits, with or without hyphens; nothing if it is anything else.
template <typename Tag>
std::optional<Id<Tag>> parse_id(std::string_view text) {
  const auto bytes = detail::parse_id(text);
  if (!bytes) return std::nullopt;
  return Id<Tag>{*bytes};
}

}  // namespace annals

template <typename Tag>
struct std::hash<annals::Id<Tag>> {
  std::size_t operator()(const annals::Id<Tag>& id) const noexcept {
    // Ids are random or hashes (UUID version 7 ends in random bits): the tail is as good as a hash.
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&high, id.bytes.data(), 8);
    std::memcpy(&low, id.bytes.data() + 8, 8);
    return static_cast<std::size_t>(low ^ (high * 0x9E3779B97F4A7C15U));
  }
};
