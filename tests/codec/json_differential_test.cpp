// Our reader and writer against nlohmann's, on random valid documents and on broken ones. What we
// accept, nlohmann accepts with the same value; what nlohmann accepts we accept, but for keys given
// twice and nesting beyond our limit. A struct is read the same way as any JSON is.

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <annals/codec/json.hpp>
#include <annals/testkit/seed.hpp>

#include "random_json.hpp"
#include "shapes.hpp"

namespace {

using annals::testkit::parse_by_nlohmann;
using annals::testkit::RandomJson;
using nlohmann::json;

constexpr int rounds = 8'000;

// Equal in value and in kind of number, to the bit.
bool same(const json& a, const json& b) { return a == b && a.dump() == b.dump(); }

void compare(const std::string& text) {
  const auto reference = parse_by_nlohmann(text, annals::json_depth_max);
  const auto ours = annals::parse_json(text);
  if (ours) {
    ASSERT_TRUE(reference.accepted) << "only we accept: " << text;
    ASSERT_FALSE(reference.key_twice) << text;
    ASSERT_TRUE(same(*ours, reference.value))
        << text << "\nours: " << ours->dump() << "\nnlohmann: " << reference.value.dump();
    const auto written = annals::to_json(*ours);
    ASSERT_TRUE(written.has_value()) << written.error().message;
    ASSERT_TRUE(same(json::parse(*written), *ours)) << text << "\nwritten: " << *written;
  } else {
    ASSERT_TRUE(!reference.accepted || reference.key_twice || reference.too_deep)
        << "only nlohmann accepts: " << text << "\nwe say: " << ours.error().message;
  }
  // Skipping checks what reading checks, keys given twice excepted.
  const auto skipped =
      annals::from_json<shapes::Empty>("{\"unknown\":" + text + "}", annals::UnknownFields::ignore);
  if (ours.has_value()) {
    ASSERT_EQ(skipped.has_value(),
              !parse_by_nlohmann("[" + text + "]", annals::json_depth_max).too_deep)
        << text;
  }
}

TEST(JsonDifferential, ValidDocumentsAreReadAsNlohmannReadsThem) {
  RandomJson random(annals::testkit::seed(1));
  for (int i = 0; i < rounds && !HasFatalFailure(); ++i) {
    const std::string text = random.document();
    ASSERT_TRUE(annals::parse_json(text)) << text;
    compare(text);
  }
}

TEST(JsonDifferential, BrokenDocumentsAreRefusedWhereNlohmannRefusesThem) {
  RandomJson random(annals::testkit::seed(2));
  for (int i = 0; i < rounds && !HasFatalFailure(); ++i) compare(random.mutate(random.document(3)));
}

TEST(JsonDifferential, BrokenEventsAreRefusedOrReadAsNlohmannReadsThem) {
  RandomJson random(annals::testkit::seed(3));
  shapes::Everything sample;
  sample.note = "a \"note\" ü";
  sample.lines = {{"one", {}, 1}, {"two", {}, {}}};
  sample.by_number = {{1, "one"}};
  sample.any = {{"k", {1, 2.5, nullptr}}};
  const std::string text = annals::to_json(sample).value();
  int accepted = 0;
  for (int i = 0; i < rounds && !HasFatalFailure(); ++i) {
    const std::string broken = random.mutate(text);
    const auto event = annals::from_json<shapes::Everything>(broken, annals::UnknownFields::ignore);
    if (!event) continue;
    ++accepted;
    const auto reference = parse_by_nlohmann(broken, annals::json_depth_max);
    ASSERT_TRUE(reference.accepted) << broken;
    // Fields that nlohmann sees have the values we see.
    const json ours = json::parse(annals::to_json(*event).value());
    for (const char* field : {"flag", "text", "iban", "channel", "lines", "matrix", "triple",
                              "by_number", "integers"}) {
      if (broken.find("null") == std::string::npos) {
        ASSERT_EQ(ours.at(field).is_object(), reference.value.at(field).is_object());
      }
    }
    ASSERT_EQ(ours.at("text"), reference.value.at("text")) << broken;
    ASSERT_EQ(ours.at("integers").at("i64"), reference.value.at("integers").at("i64")) << broken;
    ASSERT_EQ(ours.at("any"), reference.value.at("any")) << broken;
  }
  EXPECT_GT(accepted, rounds / 100);
}

}  // namespace
