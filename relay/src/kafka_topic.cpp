#include "kafka_topic.hpp"

#include <chrono>
#include <thread>

#include "kafka_error.hpp"

namespace annals::internal {

namespace {

// Of one question; a lease lasts longer.
constexpr int patience_ms = 3'000;

using Event = std::unique_ptr<rd_kafka_event_t, KafkaDestroyer<rd_kafka_event_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaDestroyer<rd_kafka_NewTopic_destroy>>;
using Metadata =
    std::unique_ptr<const rd_kafka_metadata_t, KafkaDestroyer<rd_kafka_metadata_destroy>>;
using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, KafkaDestroyer<rd_kafka_ConfigResource_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, KafkaDestroyer<rd_kafka_AdminOptions_destroy>>;

// What the brokers do not let us do, or do not know how to.
bool is_not_for_us(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
         error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
}

// Puts one question to the controller, or to `broker`; `ask` is given options and the queue for the
// answer. Nothing: no answer came.
template <typename Ask>
Event answer_to(const KafkaClient& client, rd_kafka_admin_op_t what, Ask ask,
                std::optional<std::int32_t> broker = {}) {
  char said[512] = {};
  const AdminOptions options(rd_kafka_AdminOptions_new(client.client(), what));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), patience_ms, said, sizeof said);
  if (broker) rd_kafka_AdminOptions_set_broker(options.get(), *broker, said, sizeof said);
  const KafkaQueue queue(rd_kafka_queue_new(client.client()));
  ask(options.get(), queue.get());
  return Event(rd_kafka_queue_poll(queue.get(), 2 * patience_ms));
}

}  // namespace

Result<bool> make_topic(const KafkaClient& client, const std::string& topic,
                        const TopicShape& shape) {
  const std::string doing = "making topic " + topic;
  char said[512] = {};
  const auto count_or_default = [](std::uint32_t count) {
    return count == 0 ? -1 : static_cast<int>(count);
  };
  const NewTopic wanted(rd_kafka_NewTopic_new(topic.c_str(), count_or_default(shape.partitions),
                                              count_or_default(shape.replication), said,
                                              sizeof said));
  if (!wanted) return Error{ErrorCode::invalid_argument, doing + ": " + said};
  for (const auto& [name, value] : shape.settings) {
    const auto set = rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
    if (set != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(set, doing, name + "=" + value);
  }
  rd_kafka_NewTopic_t* list[] = {wanted.get()};
  const Event event =
      answer_to(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, [&](const auto* options, auto* queue) {
        rd_kafka_CreateTopics(client.client(), list, 1, options, queue);
      });
  if (!event) return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  const char* text = rd_kafka_event_error_string(event.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::size_t count = 0;
    const auto* const results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    if (count == 1) {
      error = rd_kafka_topic_result_error(results[0]);
      text = rd_kafka_topic_result_error_string(results[0]);
    }
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS || is_not_for_us(error)) return false;
  return to_error(error, doing, text == nullptr ? "" : text);
}

Result<std::uint32_t> count_partitions(const KafkaClient& client, const std::string& topic) {
  const std::string doing = "asking for topic " + topic;
  const KafkaTopic handle(rd_kafka_topic_new(client.client(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  // A topic that has just been made is not known to every broker at once.
  for (int tries = 0;; ++tries) {
    const auto asked = rd_kafka_metadata(client.client(), 0, handle.get(), &found, patience_ms);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(asked, doing, client.complaint());
    const Metadata owner(found);
    const rd_kafka_resp_err_t error =
        found->topic_cnt == 1 ? found->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && found->topics[0].partition_cnt > 0) {
      return static_cast<std::uint32_t>(found->topics[0].partition_cnt);
    }
    if (tries == 20) return to_error(error, doing);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Result<std::optional<std::string>> topic_setting(const KafkaClient& client,
                                                 const std::string& topic,
                                                 const std::string& name) {
  const std::string doing = "asking for " + name + " of topic " + topic;
  // Any broker knows it.
  const rd_kafka_metadata_t* known = nullptr;
  const auto found_brokers = rd_kafka_metadata(client.client(), 0, nullptr, &known, patience_ms);
  if (found_brokers != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(found_brokers, doing);
  const Metadata brokers(known);
  if (brokers->broker_cnt == 0) return to_error(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, doing);
  const ConfigResource wanted(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* list[] = {wanted.get()};
  const Event event = answer_to(
      client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
      [&](const auto* options, auto* queue) {
        rd_kafka_DescribeConfigs(client.client(), list, 1, options, queue);
      },
      brokers->brokers[0].id);
  if (!event) return to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** found = nullptr;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    found = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event.get()), &count);
    if (count == 1) error = rd_kafka_ConfigResource_error(found[0]);
  }
  if (is_not_for_us(error)) return std::optional<std::string>();
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return to_error(error, doing);
  if (count != 1) return std::optional<std::string>();
  const rd_kafka_ConfigEntry_t** const entries = rd_kafka_ConfigResource_configs(found[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
    if (rd_kafka_ConfigEntry_name(entries[i]) == name && value != nullptr) {
      return std::optional<std::string>(value);
    }
  }
  return std::optional<std::string>();
}

Result<OffsetRange> offsets_of_partition(const KafkaClient& client, const std::string& topic,
                                         std::uint32_t partition) {
  OffsetRange range;
  const auto asked = rd_kafka_query_watermark_offsets(client.client(), topic.c_str(),
                                                      static_cast<std::int32_t>(partition),
                                                      &range.begin, &range.end, patience_ms);
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return to_error(
        asked, "asking for the end of topic " + topic + ", partition " + std::to_string(partition));
  }
  return range;
}

Result<std::string> cluster_id(const KafkaClient& client) {
  char* const text = rd_kafka_clusterid(client.client(), patience_ms);
  std::string id = text == nullptr ? "" : text;
  if (text != nullptr) rd_kafka_mem_free(client.client(), text);
  return id;
}

}  // namespace annals::internal
