#include "json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "utf8.hpp"

namespace annals::detail {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view token_name(JsonReader::Token token) noexcept {
  switch (token) {
    case JsonReader::Token::object: return "an object";
    case JsonReader::Token::array: return "an array";
    case JsonReader::Token::string: return "a string";
    case JsonReader::Token::number: return "a number";
    case JsonReader::Token::boolean: return "a boolean";
    case JsonReader::Token::null: return "null";
    case JsonReader::Token::none: break;
  }
  return "nothing";
}

}  // namespace

JsonReader::Token JsonReader::next() noexcept {
  skip_space();
  if (p_ == end_) return Token::none;
  switch (*p_) {
    case '{': return Token::object;
    case '[': return Token::array;
    case '"': return Token::string;
    case 't':
    case 'f': return Token::boolean;
    case 'n': return Token::null;
    case '-': return Token::number;
    default: return is_digit(*p_) ? Token::number : Token::none;
  }
}

bool JsonReader::enter(char open, std::string_view expected) {
  if (!take(open)) return mismatch(expected);
  if (++depth_ > json_depth_max) {
    return fail("is nested deeper than " + std::to_string(json_depth_max));
  }
  return true;
}

bool JsonReader::leave_if_empty(char close) noexcept {
  if (!take(close)) return false;
  --depth_;
  return true;
}

bool JsonReader::more(char close, bool& another) {
  skip_space();
  another = p_ < end_ && *p_ == ',';
  if (!another && (p_ == end_ || *p_ != close)) {
    return malformed(close == '}' ? "',' or '}'" : "',' or ']'");
  }
  ++p_;
  if (another) {
    skip_space();
  } else {
    --depth_;
  }
  return true;
}

bool JsonReader::read_key(std::string_view& key) {
  skip_space();
  if (p_ == end_ || *p_ != '"') return malformed("a field's name in quotes");
  const char* const start = p_;
  if (!scan_string(key)) return false;
  raw_key_ = {start + 1, static_cast<std::size_t>(p_ - start - 2)};
  if (!take(':')) return malformed("':'");
  return true;
}

bool JsonReader::read_string(std::string_view& out, std::string_view expected) {
  skip_space();
  if (p_ == end_ || *p_ != '"') return mismatch(expected);
  return scan_string(out);
}

bool JsonReader::scan_string(std::string_view& out) {
  const char* const start = ++p_;
  for (;;) {
    p_ = skip_plain(p_, end_);
    if (p_ == end_) return malformed("the end of the string");
    if (*p_ == '"') {
      out = {start, static_cast<std::size_t>(p_ - start)};
      ++p_;
      return true;
    }
    if (*p_ == '\\') return unescape(start, out);
    if (static_cast<unsigned char>(*p_) < 0x20) {
      return malformed("no control character in a string");
    }
    const std::size_t length = utf8_length(p_, end_);
    if (length == 0) return malformed("UTF-8 in a string");
    p_ += length;
  }
}

bool JsonReader::unescape(const char* start, std::string_view& out) {
  scratch_.assign(start, p_);
  for (;;) {
    const char* const plain = p_;
    p_ = skip_plain(p_, end_);
    scratch_.append(plain, p_);
    if (p_ == end_) return malformed("the end of the string");
    if (*p_ == '"') {
      ++p_;
      out = scratch_;
      return true;
    }
    if (*p_ == '\\') {
      if (!read_escape()) return false;
      continue;
    }
    if (static_cast<unsigned char>(*p_) < 0x20) {
      return malformed("no control character in a string");
    }
    const std::size_t length = utf8_length(p_, end_);
    if (length == 0) return malformed("UTF-8 in a string");
    scratch_.append(p_, length);
    p_ += length;
  }
}

bool JsonReader::read_escape() {
  if (end_ - p_ < 2) return malformed("an escape");
  switch (p_[1]) {
    case '"': scratch_ += '"'; break;
    case '\\': scratch_ += '\\'; break;
    case '/': scratch_ += '/'; break;
    case 'b': scratch_ += '\b'; break;
    case 'f': scratch_ += '\f'; break;
    case 'n': scratch_ += '\n'; break;
    case 'r': scratch_ += '\r'; break;
    case 't': scratch_ += '\t'; break;
    case 'u': {
      std::uint32_t code = 0;
      if (!read_hex4(code)) return false;
      if (code >= 0xD800 && code <= 0xDFFF) {
        std::uint32_t low = 0;
        if (code > 0xDBFF || end_ - p_ < 2 || p_[0] != '\\' || p_[1] != 'u') {
          return malformed("a whole surrogate pair");
        }
        if (!read_hex4(low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return malformed("a whole surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
      append_utf8(scratch_, code);
      return true;
    }
    default: return malformed("an escape that JSON has");
  }
  p_ += 2;
  return true;
}

bool JsonReader::read_hex4(std::uint32_t& code) {
  if (end_ - p_ < 6) return malformed("four hexadecimal digits");
  const auto [rest, status] = std::from_chars(p_ + 2, p_ + 6, code, 16);
  if (status != std::errc{} || rest != p_ + 6) return malformed("four hexadecimal digits");
  p_ += 6;
  return true;
}

bool JsonReader::scan_number(std::string_view& text, bool& is_integer) {
  const char* const start = p_;
  const auto digits = [this] {
    const char* const first = p_;
    while (p_ < end_ && is_digit(*p_)) ++p_;
    return p_ > first;
  };
  is_integer = true;
  if (p_ < end_ && *p_ == '-') ++p_;
  if (p_ < end_ && *p_ == '0') {
    ++p_;
    if (p_ < end_ && is_digit(*p_)) return malformed("no digit after a leading zero");
  } else if (!digits()) {
    return malformed("a digit");
  }
  if (p_ < end_ && *p_ == '.') {
    is_integer = false;
    ++p_;
    if (!digits()) return malformed("a digit after the point");
  }
  if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
    is_integer = false;
    ++p_;
    if (p_ < end_ && (*p_ == '+' || *p_ == '-')) ++p_;
    if (!digits()) return malformed("a digit in the exponent");
  }
  text = {start, static_cast<std::size_t>(p_ - start)};
  return true;
}

namespace {

void parse_integer(std::string_view text, JsonReader::Integer& out) noexcept {
  out.text = text;
  out.negative = text.front() == '-';
  if (out.negative) text.remove_prefix(1);
  out.fits = true;
  std::uint64_t sum = 0;
  if (text.size() <= 19) {  // 10^19 - 1 < 2^64
    for (const char c : text) sum = sum * 10 + static_cast<unsigned>(c - '0');
  } else {
    for (const char c : text) {
      out.fits = out.fits && !__builtin_mul_overflow(sum, std::uint64_t{10}, &sum) &&
                 !__builtin_add_overflow(sum, static_cast<std::uint64_t>(c - '0'), &sum);
    }
  }
  out.magnitude = sum;
}

// Whether the number, which double cannot hold, is too small rather than too large: the power of
// ten of its first digit that is not zero.
bool is_tiny(std::string_view text) noexcept {
  const std::size_t e = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  const auto power = first < point ? static_cast<std::int64_t>(point - first) - 1
                                   : -static_cast<std::int64_t>(first - point);
  std::int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    const bool negative = digits.front() == '-';
    if (negative || digits.front() == '+') digits.remove_prefix(1);
    const auto status = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (status.ec != std::errc{}) exponent = std::numeric_limits<std::int64_t>::max() / 2;
    if (negative) exponent = -exponent;
  }
  return power + exponent < 0;
}

}  // namespace

bool JsonReader::to_double(std::string_view text, double& out) {
  const char* const end = text.data() + text.size();
  const auto status = std::from_chars(text.data(), end, out);
  if (status.ec == std::errc{}) return true;
  if (!is_tiny(text)) return fail("number " + excerpt(text) + " does not fit a double");
  out = text.front() == '-' ? -0.0 : 0.0;
  return true;
}

bool JsonReader::read_integer(Integer& out) {
  if (next() != Token::number) return mismatch("an integer");
  const char* const start = p_;
  bool is_integer = false;
  std::string_view text;
  if (!scan_number(text, is_integer)) return false;
  if (!is_integer) {
    p_ = start;
    return mismatch("an integer");
  }
  parse_integer(text, out);
  return true;
}

bool JsonReader::read_double(double& out) {
  if (next() != Token::number) return mismatch("a number");
  bool is_integer = false;
  std::string_view text;
  return scan_number(text, is_integer) && to_double(text, out);
}

bool JsonReader::read_number(bool& is_integer, Integer& integer, double& real) {
  std::string_view text;
  if (!scan_number(text, is_integer)) return false;
  if (is_integer) {
    parse_integer(text, integer);
    constexpr std::uint64_t lowest = std::uint64_t{1} << 63;
    is_integer = integer.fits && (!integer.negative || integer.magnitude <= lowest);
  }
  return is_integer || to_double(text, real);
}

bool JsonReader::read_boolean(bool& out) {
  if (next() != Token::boolean) return mismatch("true or false");
  out = *p_ == 't';
  if (!take_text(out ? "true" : "false")) return malformed("true or false");
  return true;
}

bool JsonReader::skip_value() {
  std::string_view text;
  bool flag = false;
  switch (next()) {
    case Token::object: {
      if (!enter('{', "an object")) return false;
      if (leave_if_empty('}')) return true;
      for (bool another = true; another;) {
        if (!read_key(text) || !skip_value() || !more('}', another)) return false;
      }
      return true;
    }
    case Token::array: {
      if (!enter('[', "an array")) return false;
      if (leave_if_empty(']')) return true;
      for (bool another = true; another;) {
        if (!skip_value() || !more(']', another)) return false;
      }
      return true;
    }
    case Token::string: return scan_string(text);
    case Token::number: return scan_number(text, flag);
    case Token::boolean: return read_boolean(flag);
    case Token::null: return take_text("null") || malformed("null");
    case Token::none: break;
  }
  return malformed("a value");
}

bool JsonReader::finish() {
  skip_space();
  return p_ == end_ || malformed("nothing after the value");
}

bool JsonReader::mismatch(std::string_view expected) {
  const Token token = next();
  if (token == Token::none) return malformed(expected);
  std::string why = "expected " + std::string(expected) + ", got " + std::string(token_name(token));
  const char* const start = p_;
  std::string_view text;
  bool is_integer = false;
  if (token == Token::string) {
    if (!scan_string(text)) return false;
    why += " (\"" + excerpt(text) + "\")";
  } else if (token == Token::number) {
    if (!scan_number(text, is_integer)) return false;
    why += " (" + excerpt(text) + ")";
  } else if ((token == Token::null && !take_text("null")) ||
             (token == Token::boolean && !take_text("true") && !take_text("false"))) {
    return malformed(expected);  // It only begins like one.
  }
  p_ = start;
  return fail(std::move(why));
}

bool JsonReader::mismatch(std::string_view expected, std::string_view got,
                          std::string_view reason) {
  std::string why =
      "expected " + std::string(expected) + ", got a string (\"" + excerpt(got) + "\")";
  if (!reason.empty()) why += ": " + std::string(reason);
  return fail(std::move(why));
}

bool JsonReader::malformed(std::string_view expected) {
  return fail("not JSON at byte " + std::to_string(p_ - begin_) + ": expected " +
              std::string(expected) + (p_ == end_ ? ", but the text ends" : ""));
}

}  // namespace annals::detail
