/// @file
/// A value of the database's, or why there is none.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/error.hpp>

namespace annals::postgres {

/// What went wrong, told apart where a caller acts differently.
enum class Failure : std::uint8_t {
  /// Nothing was sent: no connection could be made, or it was known to be lost.
  not_connected,
  /// The connection was lost while a statement ran. One that runs in no transaction of the caller's
  /// may have taken effect; of an open transaction nothing has.
  connection_lost,
  /// The connection was lost during COMMIT: the transaction may have taken effect or not.
  in_doubt,
  serialization,       ///< Also a deadlock. Nothing of the transaction took effect: repeat it.
  unique_violation,    ///< Or an exclusion constraint.
  constraint,          ///< Any other constraint.
  timeout,             ///< statement_timeout or lock_timeout was over, or somebody cancelled it.
  permission_denied,   ///< The message names the object.
  undefined_table,     ///< Or a view or schema.
  undefined_function,  ///< Or one with other arguments.
  read_only,           ///< The server is a standby, or the transaction is read-only.
  no_resources,        ///< A full disk, no memory, too many connections.
  unsupported,         ///< The server is too old for what it was asked.
  diverged,            ///< It does not hold what the caller has seen: ConnectionOptions::check.
  other,               ///< A mistake in the statement or its values.
};

struct SqlError {
  Failure failure = Failure::other;
  std::string sqlstate = {};  ///< Five characters, or empty where libpqxx does not tell it.
  std::string message = {};   ///< The server's words. Never holds a password.
};

/// The error as callers of a store see it. `doing` begins the message: "appending to annals".
/// Losses that leave an outcome open become `outcome_unknown`; a caller that knows that nothing was
/// written says so with `nothing_written`, and gets `unavailable`.
Error to_error(const SqlError& error, std::string_view doing, bool nothing_written = false);

/// A value, or the reason there is none. As Result, with an SqlError.
template <typename T>
class [[nodiscard]] SqlResult {
 public:
  // Implicit on purpose: `return value;` and `return SqlError{…};` are how functions end.
  // NOLINTNEXTLINE(google-explicit-constructor)
  SqlResult(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  SqlResult(SqlError error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  /// REQUIRES: a value is there.
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return const_cast<SqlResult*>(this)->value(); }
  T&& operator*() && noexcept { return std::move(value()); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &const_cast<SqlResult*>(this)->value(); }

  /// REQUIRES: no value is there.
  const SqlError& error() const& noexcept {
    ANNALS_ASSERT(state_.index() == 1, "error() of an SqlResult that holds a value");
    return *std::get_if<1>(&state_);
  }
  SqlError&& error() && noexcept { return std::move(const_cast<SqlError&>(error())); }

 private:
  T& value() noexcept {
    ANNALS_ASSERT(state_.index() == 0, error().message);
    return *std::get_if<0>(&state_);
  }

  std::variant<T, SqlError> state_;
};

/// Success without a value, or the reason for failure.
using SqlDone = SqlResult<std::monostate>;

}  // namespace annals::postgres
