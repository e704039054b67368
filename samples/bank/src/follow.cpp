#include "follow.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "read_models.hpp"

#if BANK_WITH_KAFKA
#include <annals/projections/projection_runner.hpp>
#include <annals/relay/kafka_source.hpp>
#endif

namespace bank {

#if BANK_WITH_KAFKA

namespace {

std::atomic<bool> interrupted = false;

/// How far each partition of the topic is ahead of what is projected: "12 0 3".
std::string lag_by_partition(const annals::KafkaSourceStatus& topic, std::uint64_t position) {
  std::string text;
  for (const auto& partition : topic.partitions) {
    const std::uint64_t last = partition.position.value;
    text += (text.empty() ? "" : " ") + std::to_string(last - std::min(last, position));
  }
  return text;
}

/// What came of it so far; the read model that is furthest behind tells the position.
Answer status_of(const annals::KafkaSource& source, const annals::ProjectionRunner& runner) {
  const annals::KafkaSourceStatus topic = source.status();
  std::uint64_t position = topic.head.value;
  std::int64_t parts = 0;
  std::int64_t held = 0;
  std::uint64_t applied = 0;
  double rate = 0;
  std::string error = topic.last_error;
  bool halted = false;
  for (const annals::ProjectionStatus& projection : runner.status()) {
    position = std::min(position, projection.position.value);
    applied += projection.events_applied;
    rate += projection.events_per_second;
    for (const annals::PartitionStatus& part : projection.partitions) {
      ++parts;
      held += part.epoch > 0 ? 1 : 0;
    }
    const bool halts = projection.activity == annals::ProjectionActivity::halted;
    if (halts && !halted) error = projection.last_error;
    halted = halted || halts;
  }
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  Answer answer({"position", "head", "lag", "lag_by_partition", "parts_held", "parts",
                 "events_applied", "events_per_second", "error"});
  answer.add({number(position), number(topic.head.value), number(topic.head.value - position),
              lag_by_partition(topic, position), held, parts, number(applied),
              number(static_cast<std::uint64_t>(rate)), error});
  return answer;
}

}  // namespace

int follow(const Session& session, const FollowRequest& request) {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { interrupted.store(true); });
  }
  auto source = annals::make_kafka_source({.brokers = request.brokers,
                                           .topic = request.topic,
                                           .settings = request.settings});
  if (!source) return failed(source.error());
  auto rows = session.open_read_models();
  if (!rows) return failed(rows.error());
  annals::ProjectionRunner runner(**source, **rows);
  auto added = runner.add<Balances, Customers, Statements>(request.partitions);
  // Hand-written SQL cannot be split.
  if (added) added = runner.add<DailyTotals>();
  if (!added) return failed(added.error());

  auto next = std::chrono::steady_clock::now();
  while (!interrupted.load()) {
    if (std::chrono::steady_clock::now() >= next) {
      status_of(**source, runner).print(session.output);
      std::fflush(stdout);
      next += request.status_every;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  runner.stop();
  status_of(**source, runner).print(session.output);
  return exit_done;
}

#else

int follow(const Session&, const FollowRequest&) {
  return failed({annals::ErrorCode::unsupported, "this bank was built without Kafka"});
}

#endif

}  // namespace bank
