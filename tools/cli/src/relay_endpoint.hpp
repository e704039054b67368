/// @file
/// What `relay --metrics` serves.

#pragma once

#include <memory>
#include <optional>
#include <string>

#include <annals/eventstore/event_store.hpp>

namespace annals {
class Relay;
}

namespace annals::cli {

/// What is wrong with HOST:PORT; nothing if it is well-formed, or if this program cannot tell.
std::optional<std::string> why_no_endpoint(const std::string& address);

/// Metrics and readiness of a store and its relay over HTTP, as long as it lives.
class RelayEndpoint {
 public:
  virtual ~RelayEndpoint() = default;
  /// "http://127.0.0.1:9464".
  virtual std::string url() const = 0;
};

/// Both must outlive it.
///
/// Errors: unavailable (the port is taken, or this program was built without).
Result<std::unique_ptr<RelayEndpoint>> serve_relay(const std::string& address,
                                                   const EventStore& store, const Relay& relay);

}  // namespace annals::cli
