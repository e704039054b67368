#include <annals/postgres/sql_result.hpp>

namespace annals::postgres {

namespace {

ErrorCode code_of(Failure failure, bool nothing_written) {
  switch (failure) {
    case Failure::not_connected: return ErrorCode::unavailable;
    case Failure::connection_lost:
    case Failure::in_doubt:
      return nothing_written ? ErrorCode::unavailable : ErrorCode::outcome_unknown;
    case Failure::serialization: return ErrorCode::unavailable;
    case Failure::timeout: return ErrorCode::timeout;
    case Failure::permission_denied: return ErrorCode::unavailable;
    case Failure::undefined_table: return ErrorCode::unavailable;
    case Failure::undefined_function: return ErrorCode::unsupported;
    case Failure::read_only: return ErrorCode::unavailable;
    case Failure::no_resources: return ErrorCode::unavailable;
    case Failure::unsupported: return ErrorCode::unsupported;
    case Failure::diverged: return ErrorCode::diverged;
    case Failure::unique_violation:
    case Failure::constraint: return ErrorCode::corrupt;
    case Failure::other: return ErrorCode::invalid_argument;
  }
  return ErrorCode::unavailable;
}

}  // namespace

Error to_error(const SqlError& error, std::string_view doing, bool nothing_written) {
  Error made{.code = code_of(error.failure, nothing_written),
             .message = std::string(doing) + ": " + error.message};
  if (!error.sqlstate.empty()) made.message += " (SQLSTATE " + error.sqlstate + ")";
  return made;
}

}  // namespace annals::postgres
