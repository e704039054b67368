#include "kafka_consumer.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka_error.hpp"

namespace annals::internal {

namespace {

// Nothing is committed to Kafka, and no place but the one that was asked for will do.
const std::array<std::pair<const char*, const char*>, 5> own_consumer_settings = {{
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"enable.partition.eof", "false"},
    {"check.crcs", "true"},
}};

// Other names of the same, and what options say.
constexpr std::array<std::string_view, 5> refused_consumer_settings = {
    "bootstrap.servers", "metadata.broker.list", "group.id", "queued.max.messages.kbytes",
    "isolation.level"};

// librdkafka wants a group's name of whoever assigns partitions by hand, too; it is not joined.
constexpr const char* no_group = "annals";

}  // namespace

Result<void> check_consumer_settings(const KafkaSettings& settings) {
  std::vector<std::string_view> reserved(refused_consumer_settings.begin(),
                                         refused_consumer_settings.end());
  for (const auto& [name, value] : own_consumer_settings) reserved.emplace_back(name);
  return refuse_settings(settings, reserved, "the consumer");
}

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::make(Setup setup) {
  std::unique_ptr<KafkaConsumer> consumer(new KafkaConsumer(std::move(setup)));
  const Setup& asked = consumer->setup_;
  const std::size_t ahead_kbytes = std::max<std::size_t>(asked.buffer_bytes_max / 1024, 1);
  KafkaSettings all = {{"client.id", "annals-consumer"}};
  all.insert(all.end(), asked.settings.begin(), asked.settings.end());
  all.insert(all.end(), own_consumer_settings.begin(), own_consumer_settings.end());
  if (asked.tells_ends) all.emplace_back("enable.partition.eof", "true");
  all.emplace_back("queued.max.messages.kbytes",
                   std::to_string(std::min(ahead_kbytes, std::size_t{2'000'000})));
  all.emplace_back("group.id", asked.group.empty() ? no_group : asked.group);
  auto opened =
      consumer->open(RD_KAFKA_CONSUMER, all, consumer.get(), [&](rd_kafka_conf_t* configuration) {
        if (!asked.rebalanced) return;
        rd_kafka_conf_set_rebalance_cb(
            configuration, [](rd_kafka_t*, rd_kafka_resp_err_t what,
                              rd_kafka_topic_partition_list_t* partitions, void* client) {
              const auto& self = *static_cast<KafkaConsumer*>(static_cast<KafkaClient*>(client));
              self.setup_.rebalanced(what, partitions);
            });
      });
  if (!opened) return opened.error();
  rd_kafka_poll_set_consumer(consumer->client_);
  if (asked.group.empty()) return consumer;
  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), asked.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto joined = rd_kafka_subscribe(consumer->client_, topics.get());
  if (joined != RD_KAFKA_RESP_ERR_NO_ERROR) {
    consumer->left_ = true;  // It never was in it.
    return to_error(joined, "joining group " + asked.group);
  }
  return consumer;
}

KafkaConsumer::~KafkaConsumer() {
  if (client_ == nullptr) return;
  leave();
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaConsumer::leave() {
  if (!setup_.group.empty() && !std::exchange(left_, true)) rd_kafka_consumer_close(client_);
}

Result<void> KafkaConsumer::assign(const std::map<std::uint32_t, std::int64_t>& offsets) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), setup_.topic.c_str(),
                                      static_cast<std::int32_t>(partition))
        ->offset = offset;
  }
  const auto assigned = rd_kafka_assign(client_, list.get());
  if (assigned == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return to_error(assigned, "reading topic " + setup_.topic);
}

KafkaQueue KafkaConsumer::queue_of(std::uint32_t partition) const {
  KafkaQueue queue(rd_kafka_queue_get_partition(client_, setup_.topic.c_str(),
                                                static_cast<std::int32_t>(partition)));
  if (queue) rd_kafka_queue_forward(queue.get(), nullptr);
  return queue;
}

KafkaMessage KafkaConsumer::poll(std::chrono::milliseconds wait) {
  KafkaMessage message(rd_kafka_consumer_poll(client_, static_cast<int>(wait.count())));
  if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) complaint_.clear();
  return message;
}

}  // namespace annals::internal
