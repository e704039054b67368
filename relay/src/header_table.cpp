#include "header_table.hpp"

#include <string>

namespace annals::internal {

Result<void> HeaderTable::fill(const rd_kafka_headers_t* headers) {
  headers_.clear();
  next_ = 0;
  if (headers == nullptr) return {};
  const char* text = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &text, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    const std::string_view name(text);
    for (const auto& [earlier, any] : headers_) {
      if (earlier != name) continue;
      return Error{ErrorCode::corrupt,
                   "a record is no relay's: header " + std::string(name) + " comes twice"};
    }
    if (value == nullptr) {
      return Error{ErrorCode::corrupt,
                   "a record is no relay's: header " + std::string(name) + " has no value"};
    }
    headers_.emplace_back(name, std::string_view(static_cast<const char*>(value), size));
  }
  return {};
}

std::optional<std::string_view> HeaderTable::find(std::string_view name) const {
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    const std::size_t at = (next_ + i) % headers_.size();
    if (headers_[at].first != name) continue;
    next_ = at + 1;
    return headers_[at].second;
  }
  return std::nullopt;
}

}  // namespace annals::internal
