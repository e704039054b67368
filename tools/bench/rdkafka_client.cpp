#include "rdkafka_client.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <librdkafka/rdkafka.h>

namespace annals::bench {

namespace {

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* what) const noexcept {
    Destroy(what);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Destroyer<rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_destroy>>;
using Headers = std::unique_ptr<rd_kafka_headers_t, Destroyer<rd_kafka_headers_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Destroyer<rd_kafka_message_destroy>>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                             Destroyer<rd_kafka_topic_partition_list_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;

constexpr int patience_ms = 30'000;

using Settings = std::vector<std::pair<const char*, std::string>>;

Error failed(const std::string& doing, const std::string& why) {
  return {ErrorCode::unavailable, doing + ": " + why};
}

Settings producer_settings(const std::string& brokers) {
  return {{"bootstrap.servers", brokers},
          {"enable.idempotence", "true"},
          {"acks", "all"},
          {"batch.size", "1000000"},
          {"queue.buffering.max.kbytes", "131072"},
          {"queue.buffering.max.messages", "1000000"},
          {"partitioner", "murmur2"}};
}

/// Records of a producer that were acknowledged, or not.
struct Deliveries {
  std::uint64_t acknowledged = 0;
  rd_kafka_resp_err_t failure = RD_KAFKA_RESP_ERR_NO_ERROR;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& deliveries = *static_cast<Deliveries*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++deliveries.acknowledged;
  } else {
    deliveries.failure = message->err;
  }
}

Result<Client> make_client(rd_kafka_type_t type, const Settings& settings, Deliveries* deliveries) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char said[512] = {};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), said, sizeof said) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return failed("setting up librdkafka", said);
    }
  }
  if (deliveries != nullptr) {
    rd_kafka_conf_set_opaque(conf, deliveries);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  }
  Client client(rd_kafka_new(type, conf, said, sizeof said));
  if (!client) {
    rd_kafka_conf_destroy(conf);
    return failed("setting up librdkafka", said);
  }
  return client;
}

Result<void> make_topic(rd_kafka_t* client, const std::string& topic, std::uint32_t partitions) {
  char said[512] = {};
  const NewTopic wanted(
      rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(partitions), -1, said, sizeof said));
  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_NewTopic_t* list[] = {wanted.get()};
  rd_kafka_CreateTopics(client, list, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), patience_ms));
  if (!event) return failed("making topic " + topic, "no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed("making topic " + topic, rd_kafka_event_error_string(event.get()));
  }
  return {};
}

class Consumer final : public BareConsumer {
 public:
  explicit Consumer(Client client) : client_(std::move(client)) {}
  ~Consumer() override { rd_kafka_consumer_close(client_.get()); }

  Result<std::optional<KafkaRecord>> next() override {
    const Message message(rd_kafka_consumer_poll(client_.get(), 100));
    if (!message) return std::optional<KafkaRecord>();
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return failed("reading a topic", rd_kafka_message_errstr(message.get()));
    }
    const auto text = [](const void* bytes, std::size_t size) {
      return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
    };
    KafkaRecord record{
        text(message->key, message->key_len), text(message->payload, message->len), {}};
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message.get(), &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      for (std::size_t i = 0;
           rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
           ++i) {
        record.headers.emplace_back(name, text(value, size));
      }
    }
    return std::optional<KafkaRecord>(std::move(record));
  }

 private:
  Client client_;
};

}  // namespace

std::uint64_t KafkaRecord::number(const std::string& header) const {
  for (const auto& [name, value] : headers) {
    if (name == header) return std::strtoull(value.c_str(), nullptr, 10);
  }
  return 0;
}

Result<double> produce_bare(const std::string& brokers, const std::string& topic,
                            std::uint32_t partitions, const KafkaRecord& like, std::uint64_t count,
                            const std::function<std::string(std::uint64_t)>& key_of) {
  const auto started = Clock::now();
  Deliveries deliveries;
  auto client = make_client(RD_KAFKA_PRODUCER, producer_settings(brokers), &deliveries);
  if (!client) return std::move(client).error();
  if (auto made = make_topic(client->get(), topic, partitions); !made) {
    return std::move(made).error();
  }
  const Topic handle(rd_kafka_topic_new(client->get(), topic.c_str(), nullptr));
  const Headers pattern(rd_kafka_headers_new(like.headers.size()));
  for (const auto& [name, value] : like.headers) {
    rd_kafka_header_add(pattern.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  for (std::uint64_t i = 0; i < count;) {
    const std::string key = key_of(i);
    Headers headers(rd_kafka_headers_copy(pattern.get()));
    const auto sent = rd_kafka_producev(
        client->get(), RD_KAFKA_V_RKT(handle.get()), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(like.value.data()), like.value.size()),
        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_END);
    if (sent == RD_KAFKA_RESP_ERR_NO_ERROR) {
      static_cast<void>(headers.release());  // The record has them now.
      if (++i % 256 == 0) rd_kafka_poll(client->get(), 0);
    } else if (sent == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(client->get(), 10);
    } else {
      return failed("producing", rd_kafka_err2str(sent));
    }
  }
  rd_kafka_flush(client->get(), 4 * patience_ms);
  const double seconds = seconds_since(started);
  if (deliveries.acknowledged != count) {
    return failed("producing",
                  std::to_string(count - deliveries.acknowledged) +
                      " records were not acknowledged: " + rd_kafka_err2str(deliveries.failure));
  }
  return seconds;
}

Result<double> produce_by_its_benchmark(const std::string& program, const std::string& brokers,
                                        const std::string& topic, std::uint32_t partitions,
                                        const KafkaRecord& like, std::uint64_t count) {
  auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}}, nullptr);
  if (!client) return std::move(client).error();
  if (auto made = make_topic(client->get(), topic, partitions); !made) {
    return std::move(made).error();
  }
  std::string command = "'" + program + "' -P -a -1 -t '" + topic + "' -b '" + brokers + "' -c " +
                        std::to_string(count) + " -s " +
                        std::to_string(like.value.size() + like.key.size());
  for (const auto& [name, value] : producer_settings(brokers)) {
    command += " -X " + std::string(name) + '=' + value;
  }
  for (const auto& [name, value] : like.headers) {
    command += " -H '" + name + '=' + value + '\'';  // The values of ours have no quotes.
  }
  std::FILE* const said = ::popen((command + " 2>&1").c_str(), "r");
  if (said == nullptr) return failed("running " + program, "it does not start");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), said)) {
    text.append(buffer.data(), read);
  }
  ::pclose(said);
  // The last of "… N messages delivered …: RATE msgs/s and …".
  const std::size_t end = text.rfind(" msgs/s");
  const std::size_t begin = end == std::string::npos ? end : text.rfind(' ', end - 1);
  const double rate = begin == std::string::npos ? 0 : std::strtod(text.c_str() + begin, nullptr);
  if (rate <= 0) return failed("running " + program, text.substr(0, 500));
  return static_cast<double>(count) / rate;
}

Result<std::unique_ptr<BareConsumer>> BareConsumer::open(const std::string& brokers,
                                                         const std::string& topic,
                                                         std::uint32_t partitions) {
  auto client = make_client(RD_KAFKA_CONSUMER,
                            {{"bootstrap.servers", brokers},
                             {"group.id", "annals-bench"},
                             {"enable.auto.commit", "false"},
                             {"fetch.wait.max.ms", "100"}},
                            nullptr);
  if (!client) return std::move(client).error();
  rd_kafka_poll_set_consumer(client->get());
  const List all(rd_kafka_topic_partition_list_new(static_cast<int>(partitions)));
  for (std::uint32_t i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), static_cast<std::int32_t>(i))
        ->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  const auto assigned = rd_kafka_assign(client->get(), all.get());
  if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed("reading topic " + topic, rd_kafka_err2str(assigned));
  }
  return std::unique_ptr<BareConsumer>(std::make_unique<Consumer>(*std::move(client)));
}

}  // namespace annals::bench
