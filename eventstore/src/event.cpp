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

std::string id_of(std::string_view stream) {
  const std::size_t dash = stream.find('-');
  return dash == std::string_view::npos ? std::string() : std::string(stream.substr(dash + 1));
}

}  // namespace annals
