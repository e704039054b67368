/// @file
/// A place in one store's history that can travel: in a header, in a checkpoint, in a session.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/id.hpp>
#include <annals/eventstore/position.hpp>

namespace annals {

/// How often a store's history was cut or moved: raised by restore, promotion and forced repair.
/// The first era of a store is 1.
struct Era {
  std::uint32_t value = 1;
  auto operator<=>(const Era&) const = default;
};

/// One line of a store's list of eras: `era` holds for positions beyond `begins_after`.
struct EraBegin {
  Era era;
  GlobalPosition begins_after;
  bool operator==(const EraBegin&) const = default;
};

/// "This store, up to here". A receipt gives one; a query that must see that write takes it.
struct Token {
  StoreId store;
  Era era;
  GlobalPosition position;
  bool operator==(const Token&) const = default;
};

/// A token with the hash that proves it: what a consumer keeps about how far it has come.
struct Checkpoint {
  Token token;
  std::optional<Link> link = {};  ///< At the append that holds token.position, if known.
  bool operator==(const Checkpoint&) const = default;
};

/// "018f6f2e-….1.42": printable ASCII without blanks, fit for a header.
std::string to_string(const Token& token);
std::optional<Token> parse_token(std::string_view text);

}  // namespace annals
