#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/position.hpp>

namespace annals::simulation {

/// One call of a store's client: when it began and ended, by a clock that all clients share, what
/// it asked, and what it was told.
struct Operation {
  enum class Kind : std::uint8_t { append, version, stream, head } kind = Kind::append;
  std::uint64_t invoked = 0;
  std::uint64_t answered = never;

  AppendRequest request = {};  ///< Of an append; its id is set.
  enum class Outcome : std::uint8_t {
    written,
    refused_version,
    refused_condition,
    not_written,  ///< It was told that nothing happened, for a reason outside of the log.
    unknown,
  } outcome = Outcome::written;
  GlobalPosition first = {};  ///< If written.
  GlobalPosition last = {};   ///< If written; of a head, what was seen.

  std::string name = {};                       ///< Of the stream that was read.
  std::optional<StreamVersion> version = {};   ///< What was seen of it.
  std::vector<GlobalPosition> positions = {};  ///< Likewise, forward.

  static constexpr std::uint64_t never = ~std::uint64_t{0};
};

/// One event of the log as it was when everybody had finished.
struct LoggedEvent {
  AppendId append;
  NewEvent event;
};

/// What clients did, and the log that came of it.
struct RecordedHistory {
  std::vector<Operation> operations;
  std::vector<LoggedEvent> log;  ///< By position, from 1 on.
};

/// Says why there is no order of the operations, one after another, in which each takes place
/// between its invocation and its answer and every answer is true; nothing: there is one.
///
/// The log gives the order of what was written, so the search is none: every refusal and every read
/// must be true of a state between two writes that its time allows, and states must not go back
/// from one operation to another that began after its answer. The earliest such state is always as
/// good as any.
std::optional<std::string> not_linearizable(const RecordedHistory& history);

}  // namespace annals::simulation
