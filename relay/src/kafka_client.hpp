#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <librdkafka/rdkafka.h>

#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// librdkafka's objects end with their owners.
template <auto Destroy>
struct KafkaDestroyer {
  template <typename T>
  void operator()(T* what) const noexcept {
    Destroy(what);
  }
};
using KafkaHeaders = std::unique_ptr<rd_kafka_headers_t, KafkaDestroyer<rd_kafka_headers_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDestroyer<rd_kafka_message_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDestroyer<rd_kafka_queue_destroy>>;
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                        KafkaDestroyer<rd_kafka_topic_partition_list_destroy>>;

using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

/// Refuses what a user may not set, since `who`'s promises or options say what it must be. Errors:
/// invalid_argument.
Result<void> refuse_settings(const KafkaSettings& settings,
                             std::span<const std::string_view> reserved, std::string_view who);

/// What producers and consumers have in common: librdkafka's handle, and what it said last.
class KafkaClient {
 public:
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* client() const noexcept { return client_; }
  /// About brokers that it cannot reach; empty: nothing. Belongs to the thread that polls.
  const std::string& complaint() const noexcept { return complaint_; }

 protected:
  KafkaClient() = default;
  /// Derived classes end the handle: each has its own way.
  ~KafkaClient() = default;

  /// Connects to nobody yet. `callbacks` adds what this kind of client is told; they are given this
  /// object's address.
  ///
  /// Errors: invalid_argument (an unknown setting, a value that it cannot have).
  Result<void> open(rd_kafka_type_t type, const KafkaSettings& settings, KafkaClient* self,
                    const std::function<void(rd_kafka_conf_t*)>& callbacks);
  /// An error that is not of one record or partition.
  virtual void on_error(rd_kafka_resp_err_t error, const char* reason);

  rd_kafka_t* client_ = nullptr;
  std::string complaint_;
};

}  // namespace annals::internal
