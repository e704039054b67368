#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/aggregates/decision.hpp>
#include <annals/aggregates/state.hpp>
#include <annals/commands/boundary.hpp>
#include <annals/commands/command_options.hpp>
#include <annals/commands/handler.hpp>
#include <annals/eventstore/append.hpp>

namespace annals::internal {

struct Job;

/// One key that commands are put in order by: a stream, with its cached state, or a query.
///
/// The job at the front holds the lane: only it touches `state`. The rest belongs to LaneTable.
struct Lane {
  struct Ticket {
    Job* job = nullptr;
    Lane* lane = nullptr;
    Ticket* next = nullptr;
    // Of the job's present try:
    std::optional<StreamVersion> version = {};  // As loaded.
    bool evolved = false;                       // The lane's state is ahead of the log.
  };

  std::string key;
  std::optional<LoadedState> state = {};
  Ticket* first = nullptr;
  Ticket* last = nullptr;
  Lane* idle_before = nullptr;  // Both: neighbours in the list of idle lanes.
  Lane* idle_after = nullptr;
  bool idle = false;
};

/// One command on its way: from its sender, through its lanes, to its answer. Jobs of send_async
/// are used again and keep their buffers: there are many, and one thread makes what another frees.
struct Job {
  const CommandHandler* handler = nullptr;
  std::string target = {};  // An aggregate's id, or empty.
  std::optional<AnyCommand> command = {};
  std::string text = {};  // What the digest is of: name, target and JSON, parted by zeros.
  std::size_t json_begin = 0;
  CommandOptions options = {};
  AppendId id = {};
  bool id_given = false;
  RequestDigest digest = {};
  Boundary boundary = {};
  std::vector<std::function<void(const Result<CommandReceipt>&)>> observers = {};
  CommandCompletion completion = {};  // Of send_async.

  // Tickets are those of the boundary's aggregates, in their order, then those of its queries.
  // They must stay in place while the job is in its lanes.
  std::vector<Lane::Ticket> tickets = {};
  std::size_t lanes_missing = 0;             // Guarded by the LaneTable.
  bool granted = false;                      // Of send: guarded by the LaneTable.
  std::condition_variable* waker = nullptr;  // Of send; nullptr: send_async.

  // Of the present try:
  std::uint32_t tries = 0;
  GlobalPosition cut = {};  // 0 if what was cached was current and no cut was needed.
  std::vector<LoadedState> selections = {};  // Of the queries that are folded.
  std::optional<Rejection> rejection = {};
  std::vector<std::size_t> event_parts = {};  // By event: its aggregate, or no_part.

  static constexpr std::size_t no_part = static_cast<std::size_t>(-1);

  std::string_view json() const { return std::string_view(text).substr(json_begin); }
  Lane& lane_of(std::size_t aggregate) const { return *tickets[aggregate].lane; }
  const std::string& stream_of(std::size_t aggregate) const {
    return boundary.aggregates()[aggregate].stream;
  }

  /// As new, but for the memory that is kept.
  void clear() {
    Job fresh;
    std::swap(fresh.target, target);
    std::swap(fresh.text, text);
    std::swap(fresh.boundary, boundary);
    std::swap(fresh.tickets, tickets);
    std::swap(fresh.event_parts, event_parts);
    fresh.target.clear();
    fresh.text.clear();
    fresh.boundary.clear();
    fresh.tickets.clear();
    fresh.event_parts.clear();
    *this = std::move(fresh);
  }
};

}  // namespace annals::internal
