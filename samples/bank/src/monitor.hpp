/// @file
/// A bank that goes on working, seen from outside: its metrics, and whether it is ready.

#pragma once

#include <memory>
#include <string>

#include <annals/eventstore/event_store.hpp>

#include "read_side.hpp"

namespace bank {

/// Serves as long as it lives.
class Monitor {
 public:
  virtual ~Monitor() = default;
  /// "http://127.0.0.1:9464/metrics".
  virtual std::string url() const = 0;
};

/// Begins to serve at HOST:PORT, before the first query. Both must outlive it.
///
/// Errors: invalid_argument (no such address), unavailable (a port that is taken), unsupported (a
/// program built without).
annals::Result<std::unique_ptr<Monitor>> serve_metrics(const std::string& address,
                                                       annals::EventStore& events, ReadSide& side);

}  // namespace bank
