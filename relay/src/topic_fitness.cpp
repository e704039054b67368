#include "topic_fitness.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <annals/relay/partitioner.hpp>

#include "kafka_consumer.hpp"
#include "published_history.hpp"

namespace annals::internal {

namespace {

// So much larger than a record may be is the topic's own limit, for headers and the batch around
// it.
constexpr std::size_t headers_bytes_max = std::size_t{128} * 1024;
constexpr const char* cleanup_policy = "cleanup.policy";
// A leader that has just been elected may not know yet how far its partition goes.
constexpr int short_looks = 10;
constexpr std::chrono::milliseconds look_every{200};

}  // namespace

Error TopicFitness::refused(const std::string& why) const {
  return {ErrorCode::invalid_argument, "topic " + options_.topic + ": " + why};
}

Result<void> TopicFitness::check() {
  const bool first = record_.last_positions.empty();
  bool is_new = false;
  const auto cluster = cluster_id(producer_);
  if (!cluster) return cluster.error();
  if (!first && !cluster->empty() && !record_.cluster.empty() && *cluster != record_.cluster) {
    return refused("it was published to the Kafka cluster " + record_.cluster +
                   ", and these brokers are of the cluster " + *cluster);
  }
  if (first && options_.make_topic) {
    for (const auto& [name, value] : options_.topic_settings) {
      if (name != cleanup_policy) continue;
      if (auto kept = check_all_is_kept(value); !kept) return kept;
    }
    TopicShape shape{options_.partitions, options_.replication, options_.topic_settings};
    const auto is_limit = [](const auto& setting) { return setting.first == "max.message.bytes"; };
    if (std::none_of(shape.settings.begin(), shape.settings.end(), is_limit)) {
      shape.settings.emplace_back("max.message.bytes",
                                  std::to_string(options_.record_bytes_max + headers_bytes_max));
    }
    const auto made = make_topic(producer_, options_.topic, shape);
    if (!made) return made.error();
    is_new = *made;
  }
  const auto count = count_partitions(producer_, options_.topic);
  if (!count) return count.error();
  const auto partitions = [](std::size_t number) {
    return std::to_string(number) + (number == 1 ? " partition" : " partitions");
  };
  if (options_.partitions != 0 && options_.partitions != *count) {
    return refused("it has " + partitions(*count) + ", and " + std::to_string(options_.partitions) +
                   " were asked for");
  }
  if (!first && record_.partitioner != partitioner_name) {
    return refused("it was published by the partitioner '" + record_.partitioner +
                   "', and this annals has '" + std::string(partitioner_name) + "'");
  }
  if (!first && record_.last_positions.size() != *count) {
    return refused("it had " + partitions(record_.last_positions.size()) + " and has " +
                   partitions(*count) +
                   " now: streams would change partitions, and lose their order. Publish to a new"
                   " topic");
  }
  if (!first) record_.last_offsets.resize(*count, -1);
  std::vector<OffsetRange> ranges;
  bool filled = false;
  for (std::uint32_t partition = 0; partition < *count && !is_new; ++partition) {
    const bool published = !first && record_.last_positions[partition].value > 0;
    const std::int64_t last =  // -1: nothing need be there.
        published ? std::max<std::int64_t>(record_.last_offsets[partition], 0) : -1;
    const auto range = range_with(partition, last);
    if (!range) return range.error();
    if (stopped_()) return {};
    ranges.push_back(*range);
    filled = filled || range->end > 0;
    if (range->end <= last) {
      return refused("partition " + std::to_string(partition) +
                     (range->end == 0 ? std::string(" is empty")
                                      : " ends at offset " + std::to_string(range->end)) +
                     ", but position " + to_string(record_.last_positions[partition]) +
                     " was published there" +
                     (last == 0 ? "" : " at offset " + std::to_string(last)) +
                     ": the topic was made anew, or has lost records. Publish to a new topic");
    }
  }
  const auto policy = topic_setting(producer_, options_.topic, cleanup_policy);
  if (!policy) return policy.error();
  if (auto kept = check_all_is_kept(policy->value_or("")); !kept) return kept;
  if (auto fit = check_batches_fit(); !fit) return fit;
  if (!first) return check_history(record_, ranges);
  if (filled) {
    RelayRecord nothing;
    nothing.last_positions.resize(*count);
    nothing.last_offsets.assign(*count, -1);
    if (auto ours = check_history(nothing, ranges); !ours || stopped_()) return ours;
    if (!options_.into_filled_topic) {
      return refused(
          "it holds records of this store already, and no relay's checkpoint is kept for it. If"
          " that was lost, begin again in it (into_filled_topic, --into-filled-topic)");
    }
  }
  record_.cluster = *cluster;
  record_.partitioner = partitioner_name;
  record_.last_positions.assign(*count, GlobalPosition{});
  return {};
}

Result<OffsetRange> TopicFitness::range_with(std::uint32_t partition, std::int64_t offset) const {
  for (int looks = 1;; ++looks) {
    auto range = offsets_of_partition(producer_, options_.topic, partition);
    if (!range || range->end > offset || looks == short_looks || stopped_()) return range;
    std::this_thread::sleep_for(look_every);
  }
}

Result<void> TopicFitness::check_history(const RelayRecord& published,
                                         const std::vector<OffsetRange>& partitions) const {
  KafkaConsumer::Setup setup{.settings = options_.settings,
                             .topic = options_.topic,
                             .buffer_bytes_max = options_.record_bytes_max,
                             .tells_ends = true};
  setup.settings.emplace_back("bootstrap.servers", options_.brokers);
  auto consumer = KafkaConsumer::make(std::move(setup));
  if (!consumer) return std::move(consumer).error();
  return check_published_history(store_, published, **consumer, partitions, stopped_);
}

Result<void> TopicFitness::check_all_is_kept(const std::string& policy) const {
  if (policy.find("compact") == std::string::npos) return {};
  return refused("its cleanup.policy is " + policy +
                 ", and the key of a record is its stream: Kafka would come to keep just the last"
                 " event of each. Set cleanup.policy to delete");
}

Result<void> TopicFitness::check_batches_fit() const {
  const auto limit = topic_setting(producer_, options_.topic, "max.message.bytes");
  if (!limit) return limit.error();
  if (!*limit || std::strtoull((*limit)->c_str(), nullptr, 10) >= batch_bytes_) return {};
  return refused("its max.message.bytes is " + **limit + ", and the relay's batches have up to " +
                 std::to_string(batch_bytes_) +
                 " bytes. A batch that a topic refuses can leave a gap: raise max.message.bytes, or"
                 " lower batch.size");
}

}  // namespace annals::internal
