#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

namespace annals::internal {

/// Where a record stands in its history, as its headers say.
struct RecordPlace {
  StoreId store;
  Era era;
  GlobalPosition position;
  GlobalPosition previous;  ///< Of the record before it in its partition.
  std::optional<Link> link = {};

  bool operator==(const RecordPlace&) const = default;
};

/// The value of a record's header; nothing if it has none of that name.
using HeaderOf = std::function<std::optional<std::string_view>(std::string_view name)>;

/// Errors: corrupt (a header is missing or cannot be read: this is no record of a relay's).
Result<RecordPlace> read_place(const HeaderOf& header);

}  // namespace annals::internal
