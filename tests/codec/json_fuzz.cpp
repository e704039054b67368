// libFuzzer target: what our reader accepts is what nlohmann's accepts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>
#include <vector>

#include <annals/codec/json.hpp>

#include "random_json.hpp"
#include "shapes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reference = annals::testkit::parse_by_nlohmann(text, annals::json_depth_max);
  const auto ours = annals::parse_json(text);
  if (ours.has_value() != (reference.accepted && !reference.key_twice && !reference.too_deep)) {
    std::abort();
  }
  if (ours && *ours != reference.value) std::abort();
  const auto event = annals::from_json<shapes::Everything>(text, annals::UnknownFields::ignore);
  if (event) {
    const auto again = annals::from_json<shapes::Everything>(annals::to_json(*event).value());
    if (!again || *again != *event) std::abort();
  }
  return 0;
}
