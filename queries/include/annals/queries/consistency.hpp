/// @file
/// What a query may be answered from, and what its answer says it knew.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <annals/eventstore/read.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// How fresh an answer has to be. There is no default: each query says it.
class Consistency {
 public:
  enum class Level : std::uint8_t { eventual, at_least, strong, as_of };
  static constexpr std::chrono::milliseconds usual_timeout = std::chrono::seconds(5);

  /// The read model as it is.
  static Consistency eventual() { return Consistency(Level::eventual); }

  /// The read model once it has everything up to `token`: what you wrote, what you have read, or
  /// what another service has seen. Waits for the projector, woken when it commits.
  static Consistency at_least(const Token& token,
                              std::chrono::milliseconds timeout = usual_timeout) {
    Consistency result(Level::at_least);
    result.token_ = token;
    result.timeout_ = timeout;
    return result;
  }

  /// Everything that had been appended when the query was asked.
  static Consistency strong(std::chrono::milliseconds timeout = usual_timeout) {
    Consistency result(Level::strong);
    result.timeout_ = timeout;
    return result;
  }

  /// History up to a cut: a position, or all that was recorded by a time.
  static Consistency as_of(const AsOf& cut) {
    Consistency result(Level::as_of);
    result.cut_ = cut;
    return result;
  }

  /// Of an as_of: only events that were known by then. For projections that are order_free.
  Consistency known_at(Timestamp time) const {
    Consistency result = *this;
    result.level_ = Level::as_of;
    result.known_at_ = time;
    return result;
  }
  /// Of an as_of: only events about times up to then. For projections that are order_free.
  Consistency effective_at(Timestamp time) const {
    Consistency result = *this;
    result.level_ = Level::as_of;
    result.effective_at_ = time;
    return result;
  }

  /// Of at_least and strong: when the time is over, the answer as it is, marked stale, in place of
  /// the error.
  Consistency or_stale() const {
    Consistency result = *this;
    result.or_stale_ = true;
    return result;
  }

  Level level() const noexcept { return level_; }
  const Token& token() const noexcept { return token_; }
  std::chrono::milliseconds timeout() const noexcept { return timeout_; }
  bool stale_allowed() const noexcept { return or_stale_; }
  const AsOf& cut() const noexcept { return cut_; }
  const std::optional<Timestamp>& known_at() const noexcept { return known_at_; }
  const std::optional<Timestamp>& effective_at() const noexcept { return effective_at_; }

 private:
  explicit Consistency(Level level) : level_(level) {}

  Level level_;
  Token token_;
  std::chrono::milliseconds timeout_ = usual_timeout;
  bool or_stale_ = false;
  AsOf cut_ = AsOf::head();
  std::optional<Timestamp> known_at_;
  std::optional<Timestamp> effective_at_;
};

/// Which history an answer reflects.
struct Reflects {
  /// Everything up to here and nothing beyond it (of several projections: the least of theirs).
  /// Of a cut: where it came to. Position 0: nothing was projected yet.
  Token token;
  bool stale = false;  ///< Older than was asked for: the time was over.
  bool open = false;   ///< Of a cut: asked later it may hold more.
  /// Rows of the projections read that do not reflect everything up to the token, since events of
  /// theirs are parked. Which ones: Rows::parked, in the query's answer.
  std::uint64_t parked_keys = 0;
};

/// The value, and what it knew.
template <typename T>
struct Answer : Reflects {
  T value = {};
};

}  // namespace annals
