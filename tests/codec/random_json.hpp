/// @file
/// Random JSON documents, and documents a few edits away from one.

#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace annals::testkit {

class RandomJson {
 public:
  explicit RandomJson(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  /// A valid document, without keys given twice.
  std::string document(int depth = 5) {
    std::string out;
    value(out, depth);
    return out;
  }

  /// `text` with one to four random edits.
  std::string mutate(std::string text) {
    static constexpr std::string_view pieces[] = {"\"",
                                                  "\\",
                                                  "{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ",",
                                                  ":",
                                                  "0",
                                                  "-",
                                                  "1e9",
                                                  ".",
                                                  "null",
                                                  "true",
                                                  "\\u",
                                                  "\\ud83d",
                                                  "\\ude00",
                                                  "\x01",
                                                  "\xFF",
                                                  "\xC3",
                                                  "\xA9",
                                                  " ",
                                                  "01",
                                                  "1e400",
                                                  "nul",
                                                  "\"a\":1,",
                                                  "\xED\xA0\x80",
                                                  "\t",
                                                  "E+",
                                                  "-0",
                                                  "9999999999999999999999",
                                                  "\\u0000"};
    const std::size_t edits = 1 + below(4);
    for (std::size_t i = 0; i < edits; ++i) {
      const std::size_t at = below(text.size() + 1);
      switch (below(4)) {
        case 0: text.insert(at, pieces[below(std::size(pieces))]); break;
        case 1: text.erase(at, 1 + below(3)); break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(below(256));
          break;
        default: text.insert(at, text.substr(below(text.size() + 1), below(8))); break;
      }
    }
    return text;
  }

 private:
  void space(std::string& out) {
    if (below(8) == 0) out += " \n\t\r"[below(4)];
  }

  void string(std::string& out) {
    static constexpr std::string_view pieces[] = {"a",          "key",          "x y",
                                                  "\\n",        "\\\"",         "\\\\",
                                                  "\\/",        "\\u00e9",      "\\ud83d\\ude00",
                                                  "\xC3\xBC",   "\xE6\xBC\xA2", "\xF0\x9F\x98\x80",
                                                  "0123456789", "\\u0000",      "\x7f"};
    out += '"';
    for (std::size_t i = below(6); i > 0; --i) out += pieces[below(std::size(pieces))];
    out += '"';
  }

  void number(std::string& out) {
    static constexpr std::string_view edges[] = {"0",
                                                 "-0",
                                                 "9223372036854775807",
                                                 "-9223372036854775808",
                                                 "9223372036854775808",
                                                 "18446744073709551615",
                                                 "18446744073709551616",
                                                 "-9223372036854775809",
                                                 "1e-400",
                                                 "0.0",
                                                 "-0.0",
                                                 "5e-324",
                                                 "1.7976931348623157e308",
                                                 "1E+2",
                                                 "0e0",
                                                 "123456789012345678901234567890",
                                                 "4.9406564584124654e-324",
                                                 "2.2250738585072011e-308",
                                                 "0.1",
                                                 "1e22",
                                                 "1e23"};
    switch (below(4)) {
      case 0: out += edges[below(std::size(edges))]; break;
      case 1: out += std::to_string(static_cast<std::int64_t>(random_()) >> below(64)); break;
      case 2: out += std::to_string(random_() >> below(64)); break;
      default:
        out += std::to_string(static_cast<std::int64_t>(random_()) >> below(64));
        out += '.' + std::to_string(random_() >> below(64));
        if (below(2) == 0) out += "e" + std::to_string(static_cast<int>(below(560)) - 280);
    }
  }

  void value(std::string& out, int depth) {
    space(out);
    switch (below(depth > 0 ? 9 : 5)) {
      case 0: out += "null"; break;
      case 1: out += below(2) == 0 ? "true" : "false"; break;
      case 2: string(out); break;
      case 3:
      case 4: number(out); break;
      case 5:
      case 6: {
        out += '[';
        for (std::size_t i = 0, n = below(4); i < n; ++i) {
          if (i > 0) out += ',';
          value(out, depth - 1);
        }
        space(out);
        out += ']';
        break;
      }
      default: {
        out += '{';
        space(out);
        for (std::size_t i = 0, n = below(4); i < n; ++i) {
          if (i > 0) out += ',';
          space(out);
          std::string key;
          string(key);
          // A number at the end keeps keys apart.
          out += key.substr(0, key.size() - 1) + std::to_string(i) + '"';
          space(out);
          out += ':';
          value(out, depth - 1);
        }
        out += '}';
      }
    }
    space(out);
  }

  std::mt19937_64 random_;
};

/// Parses with nlohmann and notes what ours refuses on purpose.
struct Reference {
  bool accepted = false;
  bool key_twice = false;
  bool too_deep = false;
  nlohmann::json value;
};

inline Reference parse_by_nlohmann(std::string_view text, std::size_t depth_max) {
  Reference reference;
  // A NUL byte is JSON nowhere; nlohmann takes one for the end of the text.
  if (text.find('\0') != std::string_view::npos) return reference;
  // It passes over a byte order mark, which RFC 8259 forbids to write; our reader refuses it.
  if (text.starts_with("\xEF\xBB\xBF")) return reference;
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second) {
      reference.key_twice = true;
    }
    // `depth` counts the levels around a start, and that level itself otherwise.
    const bool start = event == Event::object_start || event == Event::array_start;
    if (start && static_cast<std::size_t>(depth) + 1 > depth_max) reference.too_deep = true;
    return true;
  };
  reference.value = nlohmann::json::parse(text, watch, false);
  reference.accepted = !reference.value.is_discarded();
  return reference;
}

}  // namespace annals::testkit
