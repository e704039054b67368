/// @file
/// A relay on a thread of its own.

#pragma once

#include <memory>
#include <string>
#include <thread>

#include <annals/eventstore/event_store.hpp>
#include <annals/relay/relay.hpp>

#include "workload.hpp"

namespace annals::bench {

/// A topic's name that no other run has.
std::string new_bench_topic();

class RunningRelay {
 public:
  /// To the brokers of --kafka, with a new checkpoint; the rest are the relay's defaults. `store`
  /// must outlive it.
  static Result<std::unique_ptr<RunningRelay>> start(const EventStore& store,
                                                     const Context& context, RelayOptions options);
  /// Stops it.
  ~RunningRelay();
  RunningRelay(const RunningRelay&) = delete;
  RunningRelay& operator=(const RunningRelay&) = delete;

  /// Errors: why it does not relay; timeout (a minute without an event acknowledged).
  Result<void> until_published(GlobalPosition position) const;

 private:
  RunningRelay() = default;

  std::unique_ptr<RelayCheckpoints> checkpoints_;
  std::unique_ptr<Relay> relay_;
  std::thread thread_;
};

}  // namespace annals::bench
