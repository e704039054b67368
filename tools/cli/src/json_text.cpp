#include "json_text.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace annals::cli {

namespace {

/// Bytes of the UTF-8 character at the start of `text`; 0 if there is none.
std::size_t character_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  // The second byte alone decides overlong forms, surrogates and the end of Unicode.
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

/// Reads one JSON value and copies its tokens.
class Compactor {
 public:
  explicit Compactor(std::string_view text) : rest_(text) { out_.reserve(text.size()); }

  std::optional<std::string> compact() {
    if (!value()) return std::nullopt;
    blanks();
    if (!rest_.empty()) return std::nullopt;
    return std::move(out_);
  }

 private:
  static constexpr int depth_max = 200;

  void blanks() {
    const std::size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
  }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  void keep(std::size_t count) {
    out_.append(rest_.substr(0, count));
    rest_.remove_prefix(count);
  }
  bool literal(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    keep(word.size());
    return true;
  }

  bool value() {
    blanks();
    switch (peek()) {
      case '{': return nested('}');
      case '[': return nested(']');
      case '"': return string();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  bool nested(char close) {
    if (++depth_ > depth_max) return false;
    keep(1);
    blanks();
    if (peek() == close) {
      keep(1);
      --depth_;
      return true;
    }
    while (true) {
      if (close == '}') {
        blanks();
        if (peek() != '"' || !string()) return false;
        blanks();
        if (peek() != ':') return false;
        keep(1);
      }
      if (!value()) return false;
      blanks();
      if (peek() == close) break;
      if (peek() != ',') return false;
      keep(1);
    }
    keep(1);
    --depth_;
    return true;
  }

  bool string() {
    keep(1);
    while (!rest_.empty()) {
      if (rest_.front() == '"') {
        keep(1);
        return true;
      }
      if (rest_.front() == '\\') {
        if (!escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      const std::size_t length = character_length(rest_);
      if (length == 0) return false;
      keep(length);
    }
    return false;
  }

  bool escape() {
    constexpr std::string_view simple = "\"\\/bfnrt";
    if (rest_.size() < 2) return false;
    if (simple.find(rest_[1]) != std::string_view::npos) {
      keep(2);
      return true;
    }
    if (rest_[1] != 'u' || rest_.size() < 6) return false;
    if (rest_.substr(2, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
      return false;
    }
    keep(6);
    return true;
  }

  std::size_t digits() {
    const std::size_t end = rest_.find_first_not_of("0123456789");
    const std::size_t count = end == std::string_view::npos ? rest_.size() : end;
    keep(count);
    return count;
  }

  bool number() {
    if (peek() == '-') keep(1);
    const bool zero = peek() == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (peek() == '.') {
      keep(1);
      if (digits() == 0) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      keep(1);
      if (peek() == '+' || peek() == '-') keep(1);
      if (digits() == 0) return false;
    }
    return true;
  }

  std::string_view rest_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += "\\ufffd";
    } else if (byte == '"' || byte == '\\') {
      out += {'\\', text.front()};
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += {hex[byte >> 4], hex[byte & 15]};
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::optional<std::string> compact_json(std::string_view text) { return Compactor(text).compact(); }

std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) -> std::uint32_t {
      return j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U;
    };
    const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += alphabet[three >> 18];
    out += alphabet[three >> 12 & 63];
    out += i + 1 < bytes.size() ? alphabet[three >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? alphabet[three & 63] : '=';
  }
  return out;
}

void JsonObject::name(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  append_json_string(text_, name);
  text_ += ':';
}

JsonObject& JsonObject::text(std::string_view member, std::string_view value) {
  name(member);
  append_json_string(text_, value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view member, std::uint64_t value) {
  constexpr std::uint64_t exact_max = std::uint64_t{1} << 53;
  name(member);
  const bool quoted = value > exact_max;
  if (quoted) text_ += '"';
  text_ += std::to_string(value);
  if (quoted) text_ += '"';
  return *this;
}

JsonObject& JsonObject::flag(std::string_view member, bool value) {
  name(member);
  text_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::value(std::string_view member, std::string_view json) {
  name(member);
  text_ += json;
  return *this;
}

std::string JsonObject::finish() {
  text_ += '}';
  return std::move(text_);
}

}  // namespace annals::cli
