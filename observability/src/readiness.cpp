#include <algorithm>
#include <optional>

#include <annals/codec/describe.hpp>
#include <annals/codec/json.hpp>
#include <annals/codec/utf8_text.hpp>
#include <annals/eventstore/assert.hpp>
#include <annals/observability/readiness.hpp>

namespace annals {

namespace {

struct CheckedJson {
  std::string name;
  bool ready = false;
  std::optional<std::string> why;
  ANNALS_FIELDS(CheckedJson, name, ready, why);
};

struct ReadinessJson {
  bool ready = false;
  std::vector<CheckedJson> checks;
  ANNALS_FIELDS(ReadinessJson, ready, checks);
};

}  // namespace

bool Readiness::ready() const {
  return std::all_of(checks.begin(), checks.end(),
                     [](const Checked& check) { return check.why.empty(); });
}

std::string readiness_json(const Readiness& readiness) {
  ReadinessJson said{.ready = readiness.ready(), .checks = {}};
  for (const Readiness::Checked& check : readiness.checks) {
    CheckedJson& last = said.checks.emplace_back();
    last.name = internal::with_whole_characters(check.name);
    last.ready = check.why.empty();
    if (!last.ready) last.why = internal::with_whole_characters(check.why);
  }
  auto json = to_json(said);
  ANNALS_ASSERT(json.has_value(), "a struct of UTF-8 and booleans is JSON");
  return *std::move(json);
}

}  // namespace annals
