#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
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
  };

  std::string key;
  std::optional<LoadedState> state = {};
  Ticket* first = nullptr;
  Ticket* last = nullptr;
  Lane* idle_before = nullptr;  // Both: neighbours in the list of idle lanes.
  Lane* idle_after = nullptr;
  bool idle = false;
};

/// One command on its way: from its sender, through its lanes, to its answer.
struct Job {
  const CommandHandler* handler = nullptr;
  std::string target = {};  // An aggregate's id, or empty.
  AnyCommand command;
  std::string json = {};
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
  GlobalPosition cut = {};
  std::vector<std::optional<StreamVersion>> versions = {};  // Of the aggregates, as loaded.
  std::vector<LoadedState> selections = {};                 // Of the queries that are folded.
  std::optional<Rejection> rejection = {};
  std::vector<std::size_t> evolved = {};      // Aggregates whose cached state is ahead of the log.
  std::vector<std::size_t> event_parts = {};  // By event: its aggregate, or npos.

  Lane& lane_of(std::size_t aggregate) const { return *tickets[aggregate].lane; }
  const std::string& stream_of(std::size_t aggregate) const {
    return boundary.aggregates()[aggregate].stream;
  }
};

}  // namespace annals::internal
