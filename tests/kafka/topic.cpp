#include "topic.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

namespace annals::kafka_test {

namespace {

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* what) const {
    Destroy(what);
  }
};
constexpr int patience_ms = 30'000;

using Client = std::unique_ptr<rd_kafka_t, Destroyer<rd_kafka_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Destroyer<rd_kafka_message_destroy>>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                             Destroyer<rd_kafka_topic_partition_list_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;

Client make_client(rd_kafka_type_t type, const std::string& brokers,
                   const std::string& transactional_id = {}) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char said[512] = {};
  const std::pair<const char*, std::string> settings[] = {{"bootstrap.servers", brokers},
                                                          {"group.id", "none"},
                                                          {"enable.auto.commit", "false"},
                                                          {"auto.offset.reset", "error"},
                                                          {"fetch.wait.max.ms", "10"}};
  for (const auto& [name, value] : settings) {
    if (type == RD_KAFKA_PRODUCER && std::string(name) != "bootstrap.servers") continue;
    rd_kafka_conf_set(conf, name, value.c_str(), said, sizeof said);
  }
  if (!transactional_id.empty()) {
    rd_kafka_conf_set(conf, "transactional.id", transactional_id.c_str(), said, sizeof said);
  }
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  return Client(rd_kafka_new(type, conf, said, sizeof said));
}

using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_destroy>>;
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Destroyer<rd_kafka_metadata_destroy>>;

// Nothing, and a failure of the test, if nobody answers.
Metadata ask_metadata(rd_kafka_t* client, const std::string& topic) {
  const TopicHandle handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto known = rd_kafka_metadata(client, 0, handle.get(), &metadata, patience_ms);
  if (known != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ADD_FAILURE() << topic << ": " << rd_kafka_err2str(known);
  }
  return Metadata(metadata);
}

std::optional<std::string> text(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(bytes), size);
}

TopicRecord record_of(const rd_kafka_message_t& message) {
  TopicRecord record{.offset = message.offset,
                     .key = text(message.key, message.key_len),
                     .value = text(message.payload, message.len),
                     .headers = {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      EXPECT_TRUE(record.headers.emplace(name, text(value, size).value_or("")).second)
          << "header " << name << " is there twice";
    }
  }
  return record;
}

// As one broker sees it; nothing if it does not say.
std::optional<std::string> topic_setting(rd_kafka_t* client, std::int32_t broker,
                                         const std::string& topic, const std::string& name) {
  rd_kafka_ConfigResource_t* asked =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const AdminOptions options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  char said[512] = {};
  rd_kafka_AdminOptions_set_broker(options.get(), broker, said, sizeof said);
  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_DescribeConfigs(client, &asked, 1, options.get(), queue.get());
  rd_kafka_ConfigResource_destroy(asked);
  const Event event(rd_kafka_queue_poll(queue.get(), patience_ms));
  if (!event) return std::nullopt;
  std::size_t answers = 0;
  const rd_kafka_ConfigResource_t** answer = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &answers);
  if (answers != 1) return std::nullopt;
  std::size_t count = 0;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(answer[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* const value = rd_kafka_ConfigEntry_value(entries[i]);
    if (rd_kafka_ConfigEntry_name(entries[i]) == name && value != nullptr) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string TopicRecord::header(const std::string& name) const {
  const auto found = headers.find(name);
  if (found == headers.end()) {
    ADD_FAILURE() << "no header " << name << " at offset " << offset;
    return {};
  }
  return found->second;
}

std::uint64_t TopicRecord::number(const std::string& name) const {
  return std::strtoull(header(name).c_str(), nullptr, 10);
}

std::vector<std::vector<TopicRecord>> read_topic(const std::string& brokers,
                                                 const std::string& topic) {
  const Client client = make_client(RD_KAFKA_CONSUMER, brokers);
  rd_kafka_poll_set_consumer(client.get());
  const Metadata metadata = ask_metadata(client.get(), topic);
  if (!metadata) return {};
  const int partitions = metadata->topics[0].partition_cnt;

  std::vector<std::vector<TopicRecord>> records(static_cast<std::size_t>(partitions));
  std::vector<std::int64_t> ends(records.size());
  const List assigned(rd_kafka_topic_partition_list_new(partitions));
  int open = 0;
  for (int i = 0; i < partitions; ++i) {
    std::int64_t low = 0;
    const auto ask = [&] {
      return rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), i, &low,
                                              &ends[static_cast<std::size_t>(i)], patience_ms);
    };
    auto asked = ask();
    // A partition that has just been made has no leader yet.
    for (int tries = 0; asked != RD_KAFKA_RESP_ERR_NO_ERROR && tries < 50; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      asked = ask();
    }
    EXPECT_EQ(asked, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(asked);
    if (ends[static_cast<std::size_t>(i)] == low) continue;
    ++open;
    rd_kafka_topic_partition_list_add(assigned.get(), topic.c_str(), i)->offset = low;
  }
  rd_kafka_assign(client.get(), assigned.get());
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (open > 0) {
    if (std::chrono::steady_clock::now() > until) {
      ADD_FAILURE() << topic << " could not be read to its end in a minute";
      break;
    }
    const Message message(rd_kafka_consumer_poll(client.get(), 100));
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const auto partition = static_cast<std::size_t>(message->partition);
    if (message->offset < ends[partition]) records[partition].push_back(record_of(*message));
    if (message->offset == ends[partition] - 1) --open;
  }
  rd_kafka_consumer_close(client.get());
  return records;
}

namespace {

// Asks for one thing of one topic; `ask` is given a client and the queue of its answer, `result`
// the answer's topics.
template <typename Ask, typename Result>
void administer(const std::string& brokers, const std::string& what, Ask ask, Result result) {
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers);
  const Queue queue(rd_kafka_queue_new(client.get()));
  ask(client.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), patience_ms));
  ASSERT_TRUE(event) << "no answer to " << what;
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR)
      << what << ": " << rd_kafka_event_error_string(event.get());
  std::size_t count = 0;
  const auto** results = result(event.get(), &count);
  ASSERT_EQ(count, 1U) << what;
  ASSERT_EQ(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR)
      << what << ": " << rd_kafka_topic_result_error_string(results[0]);
}

// How many partitions the topic has; 0: there is no such topic.
int partitions_of(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto known = rd_kafka_metadata(client, 0, handle, &metadata, patience_ms);
  rd_kafka_topic_destroy(handle);
  if (known != RD_KAFKA_RESP_ERR_NO_ERROR) return -1;
  const bool there = metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
  const int count = there ? metadata->topics[0].partition_cnt : 0;
  rd_kafka_metadata_destroy(metadata);
  return count;
}

void wait_for_partitions(const std::string& brokers, const std::string& topic, int count) {
  const Client client = make_client(RD_KAFKA_CONSUMER, brokers);  // It makes no topics by asking.
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (partitions_of(client.get(), topic) != count) {
    ASSERT_LT(std::chrono::steady_clock::now(), until) << topic;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

void make_topic(const std::string& brokers, const std::string& topic, int partitions,
                const std::vector<std::pair<std::string, std::string>>& settings) {
  char said[512] = {};
  const NewTopic wanted(rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, said, sizeof said));
  for (const auto& [name, value] : settings) {
    rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  }
  administer(
      brokers, "making " + topic,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
        rd_kafka_NewTopic_t* list[] = {wanted.get()};
        rd_kafka_CreateTopics(client, list, 1, nullptr, queue);
      },
      [](rd_kafka_event_t* event, std::size_t* count) {
        return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event),
                                                   count);
      });
}

void delete_topic(const std::string& brokers, const std::string& topic) {
  rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
  administer(
      brokers, "deleting " + topic,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
        rd_kafka_DeleteTopics(client, &wanted, 1, nullptr, queue);
      },
      [](rd_kafka_event_t* event, std::size_t* count) {
        return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event),
                                                   count);
      });
  rd_kafka_DeleteTopic_destroy(wanted);
  wait_for_partitions(brokers, topic, 0);
}

void add_partitions(const std::string& brokers, const std::string& topic, int count) {
  char said[512] = {};
  rd_kafka_NewPartitions_t* wanted =
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(count), said, sizeof said);
  administer(
      brokers, "adding partitions to " + topic,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
        rd_kafka_CreatePartitions(client, &wanted, 1, nullptr, queue);
      },
      [](rd_kafka_event_t* event, std::size_t* answers) {
        return rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(event), answers);
      });
  rd_kafka_NewPartitions_destroy(wanted);
  wait_for_partitions(brokers, topic, count);
}

void set_topic_setting(const std::string& brokers, const std::string& topic,
                       const std::string& name, const std::string& value) {
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers);
  rd_kafka_ConfigResource_t* wanted =
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  rd_kafka_ConfigResource_set_config(wanted, name.c_str(), value.c_str());
  const Queue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_AlterConfigs(client.get(), &wanted, 1, nullptr, queue.get());
  rd_kafka_ConfigResource_destroy(wanted);
  const Event event(rd_kafka_queue_poll(queue.get(), patience_ms));
  ASSERT_TRUE(event) << "no answer to setting " << name;
  std::size_t answers = 0;
  const rd_kafka_ConfigResource_t** answer = rd_kafka_AlterConfigs_result_resources(
      rd_kafka_event_AlterConfigs_result(event.get()), &answers);
  ASSERT_EQ(answers, 1U) << rd_kafka_event_error_string(event.get());
  ASSERT_EQ(rd_kafka_ConfigResource_error(answer[0]), RD_KAFKA_RESP_ERR_NO_ERROR)
      << rd_kafka_ConfigResource_error_string(answer[0]);
  // The answer is the controller's; the others hear of it a little later.
  const Metadata metadata = ask_metadata(client.get(), topic);
  ASSERT_TRUE(metadata);
  const auto longest = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    const std::int32_t broker = metadata->brokers[i].id;
    while (topic_setting(client.get(), broker, topic, name) != value) {
      ASSERT_LT(std::chrono::steady_clock::now(), longest)
          << "broker " << broker << " has not heard of " << name;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

void delete_records(const std::string& brokers, const std::string& topic, int partition,
                    std::int64_t before) {
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers);
  const List list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list.get());
  const Queue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_DeleteRecords(client.get(), &wanted, 1, nullptr, queue.get());
  rd_kafka_DeleteRecords_destroy(wanted);
  const Event event(rd_kafka_queue_poll(queue.get(), patience_ms));
  ASSERT_TRUE(event) << "no answer to deleting records";
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR)
      << rd_kafka_event_error_string(event.get());
}

void copy_topic(const std::string& brokers, const std::string& from, const std::string& to,
                const std::function<bool(std::size_t partition, const TopicRecord& record)>& keep) {
  const auto records = read_topic(brokers, from);
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers);
  if (partitions_of(client.get(), to) <= 0) {
    make_topic(brokers, to, static_cast<int>(records.size()));
  }
  const auto bytes = [](const std::optional<std::string>& text) -> void* {
    return text ? const_cast<char*>(text->data()) : nullptr;
  };
  for (std::size_t partition = 0; partition < records.size(); ++partition) {
    for (const TopicRecord& record : records[partition]) {
      if (!keep(partition, record)) continue;
      rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
      for (const auto& [name, value] : record.headers) {
        rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                            static_cast<ssize_t>(value.size()));
      }
      const auto sent = rd_kafka_producev(
          client.get(), RD_KAFKA_V_TOPIC(to.c_str()),
          RD_KAFKA_V_PARTITION(static_cast<std::int32_t>(partition)),
          RD_KAFKA_V_KEY(bytes(record.key), record.key.value_or("").size()),
          RD_KAFKA_V_VALUE(bytes(record.value), record.value.value_or("").size()),
          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      ASSERT_EQ(sent, RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_err2str(sent);
    }
  }
  ASSERT_EQ(rd_kafka_flush(client.get(), patience_ms), RD_KAFKA_RESP_ERR_NO_ERROR);
}

int copies_in_sync(const std::string& brokers, const std::string& topic) {
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers);
  const Metadata metadata = ask_metadata(client.get(), topic);
  if (!metadata || metadata->topics[0].partition_cnt == 0) return 0;
  int fewest = metadata->topics[0].partitions[0].isr_cnt;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    fewest = std::min(fewest, metadata->topics[0].partitions[i].isr_cnt);
  }
  return fewest;
}

void until_in_sync(const std::string& brokers, const std::string& topic, int copies) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (copies_in_sync(brokers, topic) < copies) {
    ASSERT_LT(std::chrono::steady_clock::now(), until)
        << topic << " has not got " << copies << " copies again";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void produce(const std::string& brokers, const std::string& topic, const std::string& key,
             const std::string& value) {
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers);
  ASSERT_EQ(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                              RD_KAFKA_V_KEY(key.data(), key.size()),
                              RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_EQ(rd_kafka_flush(client.get(), patience_ms), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void abort_records(const std::string& brokers, const std::string& topic, int partitions,
                   int count) {
  const Client client = make_client(RD_KAFKA_PRODUCER, brokers, topic + "-aborted");
  const auto expect_done = [](rd_kafka_error_t* problem) {
    EXPECT_EQ(problem, nullptr) << rd_kafka_error_string(problem);
    if (problem != nullptr) rd_kafka_error_destroy(problem);
  };
  expect_done(rd_kafka_init_transactions(client.get(), patience_ms));
  expect_done(rd_kafka_begin_transaction(client.get()));
  for (int i = 0; i < partitions * count; ++i) {
    EXPECT_EQ(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                                RD_KAFKA_V_PARTITION(i % partitions), RD_KAFKA_V_KEY("key", 3),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  EXPECT_EQ(rd_kafka_flush(client.get(), patience_ms), RD_KAFKA_RESP_ERR_NO_ERROR);
  expect_done(rd_kafka_abort_transaction(client.get(), patience_ms));
}

}  // namespace annals::kafka_test
