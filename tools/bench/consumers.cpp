#include "consumers.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "read_model.hpp"

namespace annals::bench {

namespace {

/// Whether it has its share if so many do the work.
bool has_its_share(const ProjectionRunner& runner, std::size_t members) {
  const auto status = runner.status(Balances::name);
  if (!status || status->partitions.empty()) return false;
  const auto held =
      std::count_if(status->partitions.begin(), status->partitions.end(),
                    [](const PartitionStatus& partition) { return partition.epoch > 0; });
  return static_cast<std::size_t>(held) * members == status->partitions.size();
}

}  // namespace

Result<std::unique_ptr<Consumers>> Consumers::start(const Context& context,
                                                    const std::string& topic, ReadModelStore& rows,
                                                    unsigned count) {
  std::unique_ptr<Consumers> consumers(new Consumers(rows));
  for (unsigned i = 0; i < count; ++i) {
    auto source = make_kafka_source({.brokers = context.options.kafka,
                                     .topic = topic,
                                     .group = topic,
                                     .settings = {{"heartbeat.interval.ms", "300"}}});
    if (!source) return std::move(source).error();
    Member member{*std::move(source), nullptr};
    member.runner =
        std::make_unique<ProjectionRunner>(*member.source, rows, RunnerOptions{.threads = 2});
    if (auto added = member.runner->add_to_group<Balances>(*member.source); !added) {
      return std::move(added).error();
    }
    consumers->members_.push_back(std::move(member));
  }
  return consumers;
}

Result<void> Consumers::until_shared() const {
  const Deadline longest(60);
  while (true) {
    const bool shared = std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
      return has_its_share(*member.runner, members_.size());
    });
    if (shared) return {};
    if (longest.over()) {
      return Error{ErrorCode::timeout, "the consumers have not shared the topic's partitions"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result<void> Consumers::until(GlobalPosition position) const {
  const auto record = rows_.wait(Balances::name, position, Clock::now() + std::chrono::minutes(10));
  if (!record) return record.error();
  if (*record && (*record)->position() >= position) return {};
  return Error{ErrorCode::timeout, "the consumers have not come to position " +
                                       to_string(position) + ": " +
                                       (*record ? (*record)->failure : "there are no rows")};
}

std::uint64_t Consumers::events_applied() const {
  std::uint64_t events = 0;
  for (const Member& member : members_) {
    if (const auto status = member.runner->status(Balances::name)) events += status->events_applied;
  }
  return events;
}

}  // namespace annals::bench
