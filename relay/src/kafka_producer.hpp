#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/result.hpp>

#include "kafka_client.hpp"

namespace annals::internal {

/// Refuses what an owner of a relay may not set. Errors: invalid_argument.
Result<void> check_user_settings(const KafkaSettings& settings);

/// An idempotent producer whose records of a partition arrive in order and without a hole, or not
/// at all: it never gives one up while later ones go on. Once one has failed it is of no more use.
///
/// Belongs to one thread: all callbacks come out of poll().
class KafkaProducer final : public KafkaClient {
 public:
  /// What became of a record.
  struct Delivery {
    std::uint64_t number;  ///< That it was sent with.
    rd_kafka_resp_err_t error;
    std::uint32_t partition;
    std::int64_t offset;  ///< Where it lies; -1: not known.
  };
  using Delivered = std::function<void(const Delivery& delivery)>;

  /// Connects to nobody yet. `settings` are librdkafka's; those that its promise rests on are set
  /// here.
  ///
  /// Errors: invalid_argument (an unknown setting, a value that it cannot have).
  static Result<std::unique_ptr<KafkaProducer>> make(const KafkaSettings& settings,
                                                     Delivered delivered);
  /// Drops what is waiting: no callback comes any more.
  ~KafkaProducer();

  /// Hands a record over; the key is copied, the headers are taken if it succeeds. The value is
  /// not: it must stay where it is until the record is delivered or the producer has ended. Without
  /// a key, or a value, the record has none.
  ///
  /// Answers _QUEUE_FULL (poll, and try again), MSG_SIZE_TOO_LARGE, _FATAL.
  rd_kafka_resp_err_t send(rd_kafka_topic_t* topic, std::uint32_t partition,
                           std::optional<std::string_view> key,
                           std::optional<std::string_view> value, KafkaHeaders& headers,
                           std::uint64_t number);
  /// Calls back for what has happened, waiting for it if nothing has.
  void poll(std::chrono::milliseconds wait);

  /// Why it is of no more use, if it is.
  const std::optional<std::string>& fatal() const noexcept { return fatal_; }

 private:
  explicit KafkaProducer(Delivered delivered) : delivered_(std::move(delivered)) {}
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* client);
  void on_error(rd_kafka_resp_err_t error, const char* reason) override;

  Delivered delivered_;
  std::optional<std::string> fatal_;
};

}  // namespace annals::internal
