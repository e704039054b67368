/// @file
/// JSON as the program writes it: one value, one line.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace annals::cli {

/// Says whether `text` is well-formed UTF-8: no overlong forms, no surrogates.
bool is_utf8(std::string_view text) noexcept;

/// Appends `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// The same JSON value without blanks and line breaks between its tokens; strings and numbers stay
/// as they are. Nothing if `text` is not one JSON value (RFC 8259), or nests deeper than 200.
std::optional<std::string> compact_json(std::string_view text);

/// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);

/// Builds one JSON object, member by member, in the order of the calls.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  /// As a number, or as a string if it is beyond 2^53, where readers that use doubles would change
  /// it.
  JsonObject& number(std::string_view name, std::uint64_t value);
  JsonObject& flag(std::string_view name, bool value);
  /// `json` must be a JSON value.
  JsonObject& value(std::string_view name, std::string_view json);

  /// The object as text. Ends the building.
  std::string finish();

 private:
  void name(std::string_view name);

  std::string text_ = "{";
};

}  // namespace annals::cli
