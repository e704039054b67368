#include "json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <annals/codec/json.hpp>

#include "utf8.hpp"

namespace annals::detail {

bool JsonWriter::string(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  out_.push_back('"');
  while (p < end) {
    const char* const plain = p;
    p = skip_plain(p, end);
    out_.append(plain, p);
    if (p == end) break;
    const auto c = static_cast<unsigned char>(*p);
    if (c >= 0x80) {
      const std::size_t length = utf8_length(p, end);
      if (length == 0) return fail("is not UTF-8 (\"" + excerpt(text) + "\")");
      out_.append(p, length);
      p += length;
      continue;
    }
    out_.push_back('\\');
    switch (c) {
      case '"':
      case '\\': out_.push_back(*p); break;
      case '\b': out_.push_back('b'); break;
      case '\f': out_.push_back('f'); break;
      case '\n': out_.push_back('n'); break;
      case '\r': out_.push_back('r'); break;
      case '\t': out_.push_back('t'); break;
      default: {
        constexpr std::string_view digits = "0123456789abcdef";
        out_.append("u00");
        out_.push_back(digits[c >> 4]);
        out_.push_back(digits[c & 0xF]);
      }
    }
    ++p;
  }
  out_.push_back('"');
  return true;
}

void JsonWriter::integer(std::int64_t value) {
  std::array<char, 20> text;
  out_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

void JsonWriter::integer(std::uint64_t value) {
  std::array<char, 20> text;
  out_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

bool JsonWriter::real(double value) {
  if (!std::isfinite(value)) return fail("is a double that is not finite");
  // The shortest text that gives the same double; at most 24 characters.
  std::array<char, 32> buffer;
  const char* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out_.append(text);
  // A double stays one for readers that tell 1.0 from 1.
  if (text.find_first_of(".e") == std::string_view::npos) out_.append(".0");
  return true;
}

bool JsonWriter::descend() {
  if (++depth_ <= json_depth_max) return true;
  return fail("is nested deeper than " + std::to_string(json_depth_max));
}

}  // namespace annals::detail
