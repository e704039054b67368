#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "relay_endpoint.hpp"
#include "stop_signal.hpp"

#if ANNALS_WITH_KAFKA
#include <annals/relay/relay.hpp>
#if ANNALS_WITH_POSTGRES
#include <annals/relay/postgres_relay_checkpoints.hpp>
#endif
#endif

namespace annals::cli {

#if ANNALS_WITH_KAFKA

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

RelayOptions options_of(const RelayRequest& request) {
  RelayOptions options{.brokers = request.brokers, .topic = request.topic};
  options.partitions = request.partitions;
  options.replication = request.replication;
  options.into_filled_topic = request.into_filled_topic;
  options.compression = request.compression;
  if (request.record_bytes_max > 0) options.record_bytes_max = request.record_bytes_max;
  options.settings = request.settings;
  options.topic_settings = request.topic_settings;
  options.lease = request.lease;
  return options;
}

// Beside the store, unless another place is given: of a database, in a schema of its own.
Result<std::unique_ptr<RelayCheckpoints>> open_checkpoints(const std::string& store,
                                                           const std::string& given) {
#if ANNALS_WITH_POSTGRES
  if (const std::string& place = given.empty() ? store : given; is_database(place)) {
    const std::size_t mark = place.find('#');
    std::string schema = mark == std::string::npos ? "" : place.substr(mark + 1);
    if (schema.empty()) {
      schema = "annals_relay";
    } else if (given.empty()) {
      schema += "_relay";
    }
    return open_postgres_relay_checkpoints({.url = place.substr(0, mark), .schema = schema});
  }
#else
  if (is_database(given)) return without_postgres();
#endif
  return open_relay_checkpoint_folder(given.empty() ? store + "/relay" : given);
}

std::string status_line(const RelayStatus& status) {
  JsonObject line;
  line.text("role", to_string(status.role))
      .number("epoch", status.epoch)
      .number("position", status.position.value)
      .number("head", status.head.value)
      .number("lag", status.lag())
      .number("lag_ms", static_cast<std::uint64_t>(
                            std::chrono::duration_cast<milliseconds>(status.lag_time).count()))
      .number("events", status.events)
      .number("watermarks", status.watermarks)
      .number("events_per_second", static_cast<std::uint64_t>(status.events_per_second))
      .number("waiting_bytes", status.waiting_bytes)
      .number("producers", status.producers);
  if (status.holder) line.text("holder", to_string(*status.holder));
  if (!status.last_error.empty()) line.text("error", status.last_error);
  return line.finish();
}

}  // namespace

Result<int> relay_events(const std::string& folder, const RelayRequest& request, Output& output) {
  const StopSignal stop;
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  auto checkpoints = open_checkpoints(folder, request.checkpoints);
  if (!checkpoints) return std::move(checkpoints).error();
  auto relay = make_relay(**store, **checkpoints, options_of(request));
  if (!relay) return std::move(relay).error();
  std::unique_ptr<RelayEndpoint> endpoint;
  if (!request.metrics.empty()) {
    auto served = serve_relay(request.metrics, **store, **relay);
    if (!served) return std::move(served).error();
    endpoint = *std::move(served);
    output.line(JsonObject().text("metrics", endpoint->url() + "/metrics").finish());
    output.flush();
  }

  const GlobalPosition goal = (*store)->head().position;
  Result<void> ended;
  std::atomic<bool> over = false;
  std::jthread runner([&] {
    ended = (*relay)->run();
    over = true;
  });
  bool done = false;
  RelayStatus::Role shown = RelayStatus::Role::idle;
  auto next = SteadyClock::now() + request.status_every;
  while (!over && !stop.raised() && output.wanted()) {
    std::this_thread::sleep_for(milliseconds(20));
    const RelayStatus status = (*relay)->status();
    const auto now = SteadyClock::now();
    if (now >= next || status.role != shown) {
      output.line(status_line(status));
      output.flush();
      shown = status.role;
      next = now + request.status_every;
    }
    // Also if another relay has published it, behind which this one stands by.
    const bool knows = status.following || status.role == RelayStatus::Role::standby;
    done = knows && status.position >= goal && status.last_error.empty();
    if (request.once && done) break;
  }
  (*relay)->stop();
  runner.join();
  output.line(status_line((*relay)->status()));
  if (!ended) return ended.error();
  if (request.once && !done) {
    return Error{ErrorCode::unavailable, "interrupted before all was published up to position " +
                                             to_string(goal) + ": run it again to go on"};
  }
  return exit_ok;
}

#else

Result<int> relay_events(const std::string&, const RelayRequest&, Output&) {
  return Error{ErrorCode::unavailable,
               "this program was built without Kafka: librdkafka was not installed then"};
}

#endif

}  // namespace annals::cli
