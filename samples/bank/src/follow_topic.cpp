#include "follow_topic.hpp"

#if BANK_WITH_KAFKA
#include <algorithm>
#include <chrono>
#include <thread>

#include <annals/projections/projection_runner.hpp>
#include <annals/relay/kafka_source.hpp>

#include "interruption.hpp"
#include "read_models.hpp"
#endif

namespace bank {

using annals::Error;
using annals::ErrorCode;

#if BANK_WITH_KAFKA

namespace {

using annals::Result;
using std::chrono::steady_clock;

Result<annals::KafkaSourceOptions> options_of(const TopicWords& words) {
  annals::KafkaSourceOptions options{
      .brokers = words.brokers, .topic = words.topic, .group = words.group};
  for (const std::string& setting : words.settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "'" + setting + "' is no setting such as linger.ms=5"};
    }
    options.settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return options;
}

/// In a group, what cannot be shared by stream is projected by one of its members, whoever comes
/// first.
Result<void> begin(annals::ProjectionRunner& runner, const annals::KafkaSource& source,
                   bool in_group) {
  if (!in_group) return runner.add<Balances, Customers, DailyTotals, Statements>();
  auto added = runner.add_to_group<Balances, Customers, Statements>(source);
  if (added) added = runner.add<DailyTotals>();
  return added;
}

/// Prints where everything is; returns whether a projection has halted.
bool print_places(const annals::ProjectionRunner& runner, const annals::KafkaSource& source,
                  Output output) {
  const annals::KafkaSourceStatus topic = source.status();
  Answer answer({"projection", "partition", "activity", "position", "lag", "fenced", "error"});
  bool halted = false;
  for (const annals::ProjectionStatus& status : runner.status()) {
    for (const annals::PartitionStatus& part : status.partitions) {
      const std::size_t index = part.partition.index;
      const bool shared = part.partition.split_by == annals::SplitBy::stream;
      const std::uint64_t end = shared && index < topic.partitions.size()
                                    ? topic.partitions[index].position.value
                                    : topic.head.value;
      const std::uint64_t position = part.position.value;
      halted = halted || part.activity == annals::ProjectionActivity::halted;
      answer.add({status.projection, static_cast<std::int64_t>(index),
                  std::string(annals::to_string(part.activity)),
                  static_cast<std::int64_t>(position),
                  static_cast<std::int64_t>(std::max(end, position) - position),
                  static_cast<std::int64_t>(status.fenced), part.last_error});
    }
  }
  answer.print(output);
  std::fflush(stdout);
  return halted;
}

}  // namespace

int follow_topic(const Session& session, const TopicWords& words) {
  const auto options = options_of(words);
  if (!options) return failed(options.error());
  const auto rows = session.open_read_models();
  if (!rows) return failed(rows.error());
  const auto source = annals::make_kafka_source(*options);
  if (!source) return failed(source.error());
  catch_interruptions();
  annals::ProjectionRunner runner(**source, **rows, {.threads = 2});
  Result<void> begun = begin(runner, **source, !words.group.empty());
  if (!begun) return failed(begun.error());
  const auto pause = std::chrono::duration<double>(words.status_every);
  auto next = steady_clock::now();
  bool halted = false;
  while (!interrupted() && !halted) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (steady_clock::now() < next) continue;
    next = steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(pause);
    halted = print_places(runner, **source, session.output);
  }
  runner.stop();
  halted = print_places(runner, **source, session.output) || halted;
  return halted ? exit_failed : exit_done;
}

#else

int follow_topic(const Session&, const TopicWords&) {
  return failed({ErrorCode::unsupported, "this bank was built without Kafka"});
}

#endif

}  // namespace bank
