#include "json_failure.hpp"

#include <utility>

#include "utf8.hpp"

namespace annals::detail {

bool JsonFailure::fail(std::string why) {
  why_ = std::move(why);
  return false;
}

void JsonFailure::inside_field(std::string_view name) { inside(excerpt(name)); }

void JsonFailure::inside_index(std::size_t index) { inside("[" + std::to_string(index) + "]"); }

void JsonFailure::inside(std::string step) {
  if (!path_.empty() && path_.front() != '[') step += '.';
  path_.insert(0, step);
}

Error JsonFailure::take_error(std::string_view label) {
  std::string message(label);
  message += ": ";
  if (!path_.empty()) message += "field '" + path_ + "': ";
  message += why_;
  return {.code = ErrorCode::invalid_argument, .message = std::move(message)};
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t bytes_max = 80;
  std::string out;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end && out.size() < bytes_max) {
    const std::size_t length = utf8_length(p, end);
    if (length == 0 || static_cast<unsigned char>(*p) < 0x20 || *p == 0x7F) {
      out += '?';
      ++p;
    } else {
      out.append(p, length);
      p += length;
    }
  }
  if (p < end) out += "…";
  return out;
}

}  // namespace annals::detail
