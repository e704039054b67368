/// @file
/// A pull reader of JSON text. It allocates only for strings with escapes and for errors.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <annals/codec/json.hpp>

#include "json_failure.hpp"

namespace annals::detail {

/// Functions return false once the text is wrong; the reason is kept, and callers on the way out
/// add where they were, so that a path costs nothing while all goes well.
class JsonReader : public JsonFailure {
 public:
  /// What stands at a place, told by its first character.
  enum class Token : std::uint8_t { object, array, string, number, boolean, null, none };

  /// An integer as it stands in the text.
  struct Integer {
    bool negative = false;
    bool fits = true;             ///< In 64 bits of magnitude.
    std::uint64_t magnitude = 0;  ///< Meaningful if it fits.
    std::string_view text;
  };

  JsonReader(std::string_view text, UnknownFields unknown) noexcept
      : begin_(text.data()), p_(text.data()), end_(text.data() + text.size()), unknown_(unknown) {}

  UnknownFields unknown_fields() const noexcept { return unknown_; }

  void skip_space() noexcept {
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
  }
  /// What comes next, after spaces.
  Token next() noexcept;

  /// Takes `c` if it comes next, after spaces.
  bool take(char c) noexcept {
    skip_space();
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  /// Takes exactly these bytes if they come next.
  bool take_text(std::string_view text) noexcept {
    if (static_cast<std::size_t>(end_ - p_) < text.size() ||
        std::string_view(p_, text.size()) != text) {
      return false;
    }
    p_ += text.size();
    return true;
  }

  /// Enters an object or array, leaves it, and goes from one member to the next. `more` says
  /// whether another member follows; it fails when there is neither a comma nor the end.
  bool enter(char open, std::string_view expected);
  bool leave_if_empty(char close) noexcept;
  bool more(char close, bool& another);

  /// Reads a key and its colon. `key` points into the text, or is good until the next string.
  bool read_key(std::string_view& key);
  /// The key that was read last, as it stands in the text.
  std::string_view raw_key() const noexcept { return raw_key_; }

  /// Reads a string; `expected` is for the message when there is none. `out` points into the text,
  /// or is good until the next string.
  bool read_string(std::string_view& out, std::string_view expected);
  bool read_integer(Integer& out);
  bool read_double(double& out);
  bool read_boolean(bool& out);
  bool take_null() noexcept { return next() == Token::null && take_text("null"); }
  /// Reads a number of any kind: an integer if it is written as one and fits in 64 bits.
  bool read_number(bool& is_integer, Integer& integer, double& real);
  /// Skips one value of any kind, checking it.
  bool skip_value();
  /// Nothing but spaces may follow.
  bool finish();

  // More failures, that look at the text. All return false.
  /// "expected …, got a string ("wep")", about the value that comes next.
  bool mismatch(std::string_view expected);
  /// The same about a string that was just read.
  bool mismatch(std::string_view expected, std::string_view got, std::string_view reason = {});
  /// The text is not JSON here.
  bool malformed(std::string_view expected);

 private:
  bool scan_string(std::string_view& out);
  bool unescape(const char* start, std::string_view& out);
  bool read_escape();
  bool read_hex4(std::uint32_t& code);
  bool scan_number(std::string_view& text, bool& is_integer);
  bool to_double(std::string_view text, double& out);

  const char* begin_;
  const char* p_;
  const char* end_;
  UnknownFields unknown_;
  std::size_t depth_ = 0;
  std::string_view raw_key_;
  std::string scratch_;  // The last string that had escapes.
};

/// Reads a value of this type into place.
bool read_typed(JsonReader& reader, const ValueType& type, void* value);

}  // namespace annals::detail
