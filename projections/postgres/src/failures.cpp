#include "failures.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <annals/codec/utf8_text.hpp>

namespace annals::internal {

namespace {

using postgres::Failure;

ErrorCode code_of(const postgres::SqlError& error) {
  // A key that is too long for an index belongs to a row, not to the server's state.
  if (error.sqlstate.starts_with("54")) return ErrorCode::invalid_argument;
  switch (error.failure) {
    case Failure::not_connected:
    case Failure::connection_lost:
    case Failure::in_doubt:
    case Failure::serialization:
    case Failure::permission_denied:
    case Failure::read_only:
    case Failure::undefined_table:
    case Failure::no_resources: return ErrorCode::unavailable;
    case Failure::timeout: return ErrorCode::timeout;
    case Failure::undefined_function:
    case Failure::unsupported: return ErrorCode::unsupported;
    case Failure::diverged: return ErrorCode::diverged;
    case Failure::unique_violation:
    case Failure::constraint:
    case Failure::other: break;
  }
  return ErrorCode::invalid_argument;
}

}  // namespace

Error failed(const postgres::SqlError& error, std::string_view doing) {
  Error made{.code = code_of(error), .message = std::string(doing) + ": " + error.message};
  if (!error.sqlstate.empty()) made.message += " (SQLSTATE " + error.sqlstate + ")";
  if (error.failure == Failure::permission_denied) {
    made.message += ": the role lacks a right; the README of projections/postgres lists them";
  }
  return made;
}

Error no_timeout(Error error) {
  if (error.code == ErrorCode::timeout) error.code = ErrorCode::unavailable;
  return error;
}

std::string storable_failure(std::string_view failure) {
  std::string text = with_whole_characters(failure);
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

Error users_failed(const postgres::SqlError& error, std::string_view sql) {
  Error made = failed(error, "SQL");
  const bool of_statement = error.failure == Failure::undefined_table ||
                            error.failure == Failure::undefined_function ||
                            error.failure == Failure::read_only;
  if (of_statement) made.code = ErrorCode::invalid_argument;
  made.message += " (in: " + std::string(sql) + ")";
  return no_timeout(std::move(made));
}

}  // namespace annals::internal
