#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "kafka_client.hpp"

namespace annals::internal {

/// The headers of one record, as views into it. Kept and filled again, for the next record.
class HeaderTable {
 public:
  /// `headers` may be null: none. Errors: corrupt (more than 64, one that comes
  /// twice, or has no value).
  Result<void> fill(const rd_kafka_headers_t* headers);

  /// Quick if they are asked for in about the order in which they come.
  std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string_view, std::string_view>> headers_;
  mutable std::size_t next_ = 0;  // Behind the one found last.
};

}  // namespace annals::internal
