#pragma once

#include <chrono>
#include <cstdint>

#include <annals/eventstore/event.hpp>
#include <annals/postgres/rows.hpp>

namespace annals::internal {

/// What to select of `@schema.events e`, so that events_of() can read it.
extern const char* const event_columns;
constexpr std::size_t event_column_count = 20;

/// Of a column that holds microseconds since 1970.
inline Timestamp time_of(std::int64_t micros) {
  return Timestamp(std::chrono::microseconds(micros));
}

/// The rows as events, in their order.
RecordedEvents events_of(postgres::Rows rows);

}  // namespace annals::internal
