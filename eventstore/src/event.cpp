#include <annals/eventstore/event.hpp>

namespace annals {

std::string_view to_string(ContentType type) noexcept {
  switch (type) {
    case ContentType::json: return "json";
    case ContentType::binary: return "binary";
  }
  return "unknown";
}

std::string_view category_of(std::string_view stream) noexcept {
  return stream.substr(0, stream.find('-'));
}

}  // namespace annals
