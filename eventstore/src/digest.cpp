#include <annals/eventstore/digest.hpp>

#include "hex.hpp"

namespace annals {

std::string to_string(const Digest& digest) {
  std::string text;
  text.reserve(2 * digest.bytes.size());
  internal::append_hex(text, digest.bytes.data(), digest.bytes.size());
  return text;
}

std::optional<Digest> parse_digest(std::string_view text) {
  const auto bytes = internal::parse_hex<32>(text);
  if (!bytes) return std::nullopt;
  return Digest{*bytes};
}

}  // namespace annals
