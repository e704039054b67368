#include "header_table.hpp"

#include <string>

#include "refused_record.hpp"

namespace annals::internal {

namespace {

// A relay gives a record some twenty; others on the way may have added theirs.
constexpr std::size_t headers_max = 64;

}  // namespace

Result<void> HeaderTable::fill(const rd_kafka_headers_t* headers) {
  headers_.clear();
  next_ = 0;
  if (headers == nullptr) return {};
  // Each is compared with those before it.
  if (const std::size_t count = rd_kafka_header_cnt(headers); count > headers_max) {
    return refused_record("it has " + std::to_string(count) + " headers");
  }
  const char* text = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &text, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    const std::string_view name(text);
    for (const auto& [earlier, any] : headers_) {
      if (earlier != name) continue;
      return refused_record("header " + quoted(name) + " comes twice");
    }
    if (value == nullptr) {
      return refused_record("header " + quoted(name) + " has no value");
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
