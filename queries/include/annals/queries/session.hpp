/// @file
/// What one client has seen.

#pragma once

#include <mutex>
#include <optional>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/queries/consistency.hpp>

namespace annals {

/// A token that only grows: give it what you wrote and what you read, and take the consistency of
/// the next query from it. So a client reads its own writes, and never goes back in time. Sent to
/// another service in a header (to_string, parse_token), it carries causal order there.
/// Thread-safe.
class Session {
 public:
  Session() = default;
  explicit Session(const Token& seen) : seen_(seen) {}

  /// Errors: invalid_argument (a token of another store; nothing is changed).
  Result<void> observe(const Token& token);
  Result<void> observe(const Receipt& receipt) {
    return observe(Token{receipt.store, receipt.era, receipt.last_position});
  }
  Result<void> observe(const Reflects& answer) { return observe(answer.token); }

  /// The latest that was seen; nothing: nothing yet.
  std::optional<Token> token() const;

  /// at_least() what was seen; eventual() before anything was.
  Consistency consistency(std::chrono::milliseconds timeout = Consistency::usual_timeout) const;

 private:
  mutable std::mutex mutex_;
  std::optional<Token> seen_;
};

}  // namespace annals
