/// @file
/// What can go wrong, as values.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/id.hpp>
#include <annals/eventstore/position.hpp>

namespace annals {

/// What went wrong, told apart only where a caller would act differently. Each function lists the
/// codes it can return. Values are never stored; names appear in logs, so they do not change.
enum class ErrorCode : std::uint8_t {
  /// Another writer got to the stream first (`Error::conflict` says which). Nothing was written.
  wrong_expected_version,
  /// An event matches an append condition: somebody wrote what this append relied on not being
  /// there. Nothing was written.
  condition_failed,
  /// The stream does not exist, and the call needs it to.
  stream_not_found,
  /// A business rule said no: `Error::rule` is for programs, `message` for people. Nothing was
  /// written.
  rejected,
  /// The arguments can never succeed: an empty stream name, an event over a limit, the id of an
  /// earlier append with another request.
  invalid_argument,
  /// A checksum or a format rule failed on bytes already stored (`Error::place` says where).
  /// Reading stops; nothing is skipped.
  corrupt,
  /// Written by a newer format, of an unknown type, or without an upcaster: deploy first.
  unsupported,
  /// The position or token belongs to a history that this store does not have.
  diverged,
  /// The device, the broker or the database refused for now. Nothing was written.
  unavailable,
  /// The answer to a commit was lost, or a sync failed: the events may be durable or not. Settle it
  /// with find_append(), or repeat the append with the same id.
  outcome_unknown,
  /// The time allowed was over. Nothing was written by this call.
  timeout,
};

/// What a caller should do next. One table (error.cpp) maps every code to one answer.
enum class Retry : std::uint8_t {
  never,        ///< Not until someone repairs the cause.
  same_call,    ///< Repeat this very call, with a growing delay.
  from_load,    ///< Load again, decide again, append again.
  after_check,  ///< Find out first whether the earlier call took effect.
};

std::string_view to_string(ErrorCode code) noexcept;
std::string_view to_string(Retry advice) noexcept;
Retry retry_advice(ErrorCode code) noexcept;

/// A failed operation. `message` names the thing it failed on, with the numbers, and the remedy
/// when there is one ("stream account-42: expected version 6, is 7"). The other members are set
/// where their code calls for them.
struct [[nodiscard]] Error {
  /// The stream whose version was not the expected one.
  struct Conflict {
    std::string stream;
    ExpectedVersion expected = ExpectedVersion::any();
    std::optional<StreamVersion> actual;  ///< Empty: the stream has no events.
  };
  /// Where stored bytes are damaged.
  struct Place {
    std::string file;
    std::uint64_t offset = 0;  ///< Bytes from the start of the file.
  };

  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;
  std::string rule = {};                        ///< rejected: the stable name of the rule.
  std::optional<Conflict> conflict = {};        ///< wrong_expected_version.
  std::optional<Place> place = {};              ///< corrupt, where known.
  std::optional<AppendId> append_id = {};       ///< Of an append: its id, given or made up.
  std::optional<GlobalPosition> position = {};  ///< The event it failed on, or the cut it saw.
};

/// "wrong_expected_version: stream account-42: expected version 6, is 7".
std::string to_string(const Error& error);

}  // namespace annals
