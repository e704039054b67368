#pragma once

#include <annals/postgres/sql_result.hpp>

#include "pqxx_headers.hpp"

namespace annals::postgres {

/// The exception that is being handled, as a value. Call inside a catch block. `open` says whether
/// the connection still stands.
SqlError caught(bool open, std::string_view password);

/// What a SQLSTATE means.
Failure failure_of(std::string_view sqlstate) noexcept;

/// Runs `body` and turns what it throws into a value.
template <typename Body>
auto guarded(const pqxx::connection_base& connection, std::string_view password, Body body)
    -> SqlResult<decltype(body())> {
  try {
    return body();
  } catch (...) {
    return caught(connection.is_open(), password);
  }
}

}  // namespace annals::postgres
