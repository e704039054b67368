#pragma once

#include <string>

#include <annals/eventstore/query.hpp>
#include <annals/eventstore/read.hpp>
#include <annals/postgres/parameters.hpp>

#include "schema_name.hpp"

namespace annals::internal {

/// Which positions of a store are asked about.
struct Reach {
  GlobalPosition after;  ///< Not included.
  GlobalPosition up_to;  ///< Included.
  /// Much may lie beyond `up_to`: then a stream's events there are not walked through.
  bool closed = false;
  Direction direction = Direction::forward;
  std::size_t limit = 0;
};

/// A statement and its parameters.
struct SelectSql {
  std::string sql;
  postgres::Parameters parameters;
  bool worth_keeping = true;  ///< Others of this shape will come.
};

/// Selects event_columns of the events that `query` selects within `reach`, in its direction. Each
/// alternative walks one index in order and stops at the limit: by stream, tag, type, category, or
/// position. Names are parameters, never part of the text.
SelectSql select_events(const SchemaName& schema, const Query& query, const Reach& reach);

/// `value` as PostgreSQL's bigint; what is beyond it is as far as anything goes.
std::int64_t as_bigint(std::uint64_t value);

}  // namespace annals::internal
