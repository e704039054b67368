/// @file
/// Metrics, health and readiness over HTTP.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <annals/eventstore/result.hpp>
#include <annals/observability/observability.hpp>

namespace annals {

struct EndpointOptions {
  /// Of this machine: a name or an address. Anybody who reaches it can read: there is no password
  /// and no TLS. "0.0.0.0" is all addresses.
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: one that is free.
};

/// Reads "HOST:PORT", "[::1]:PORT", or a port alone, which is of 127.0.0.1.
///
/// Errors: invalid_argument.
Result<EndpointOptions> parse_endpoint(std::string_view text);

/// Answers GET and HEAD on a few threads of its own, until it ends:
/// - `/metrics`: Observability::metrics().
/// - `/health`: 200 as long as the process lives; asks nobody.
/// - `/ready`: readiness_json(), 200 if ready and 503 if not.
///
/// Anything else is 404, another method 405, what is no HTTP 400. When too many ask at once for
/// metrics or readiness, they are answered 503 at once, so that `/health` never waits for a
/// database. Each answer closes its connection.
///
/// A client that takes longer than 5 s to ask, or to take its answer, is dropped; likewise one that
/// sends 16 KiB and has not asked yet, and, when more than 64 wait, who came first. None of them
/// keeps others waiting. Ranges are not looked at: an answer is always whole.
class HttpEndpoint {
 public:
  virtual ~HttpEndpoint() = default;

  /// "http://127.0.0.1:9464", with the port that it has.
  virtual std::string url() const = 0;
  virtual std::uint16_t port() const = 0;
};

/// Begins to answer. `observability` must outlive the endpoint, whose destructor waits for the
/// requests that are being answered, and a second at most for clients to take the answers.
///
/// Errors: unavailable (no such address here, a port that is taken or may not be used).
Result<std::unique_ptr<HttpEndpoint>> serve(const Observability& observability,
                                            EndpointOptions options = {});

}  // namespace annals
