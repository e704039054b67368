#include <algorithm>
#include <cstdio>
#include <string_view>

#include <annals/observability/readiness.hpp>

#include "utf8_text.hpp"

namespace annals {

namespace {

std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char c : internal::with_whole_characters(text)) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    } else {
      json += c;
    }
  }
  return json + '"';
}

}  // namespace

bool Readiness::ready() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const Checked& check) { return check.why.empty(); });
}

std::string readiness_json(const Readiness& readiness) {
  std::string json =
      readiness.ready() ? R"({"ready":true,"checks":[)" : R"({"ready":false,"checks":[)";
  const char* separator = "";
  for (const Readiness::Checked& check : readiness.checks) {
    json += separator;
    json += R"({"name":)" + json_string(check.name);
    json += check.why.empty() ? R"(,"ready":true})"
                              : R"(,"ready":false,"why":)" + json_string(check.why) + '}';
    separator = ",";
  }
  return json + "]}";
}

}  // namespace annals
