/// @file
/// SHA-256 digests and the hash chain that makes the log verifiable.

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace annals {

/// A SHA-256 value. As a *content hash* it covers what a writer gave for one event; as a *link* it
/// covers an append and, through the link before it, the whole history. Both encodings are written
/// down in docs/reference/hashes.md and never change.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
};

using Link = Digest;

/// 64 hexadecimal digits.
std::string to_string(const Digest& digest);
std::optional<Digest> parse_digest(std::string_view text);

}  // namespace annals
