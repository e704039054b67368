#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/relay/relay.hpp>

#include "ack_tracker.hpp"
#include "first_records.hpp"
#include "kafka_producer.hpp"
#include "kafka_topic.hpp"
#include "planted_bug.hpp"
#include "record_headers.hpp"
#include "relay_lease.hpp"
#include "relay_state.hpp"

namespace annals::internal {

/// The settings of librdkafka that these options come to.
KafkaSettings kafka_settings(const RelayOptions& options);

/// What one producer publishes, from the lease's checkpoint on, while the lease is held. Belongs to
/// one thread.
class Publication {
 public:
  /// How it ended, when nobody needs to repair anything.
  enum class End : std::uint8_t { stopped, lease_lost };

  Publication(const EventStore& store, const RelayOptions& options, RelayLease& lease,
              RelayState& state, PlantedBug bug);

  /// Errors: unavailable (begin again with another producer, from the checkpoint), and those of
  /// Relay::run(), which begin-again does not help.
  Result<End> run();

 private:
  using Moment = std::chrono::steady_clock::time_point;

  Result<void> connect();
  Result<void> follow();
  Result<void> publish(const Batch& batch);
  // Between two calls of publish().
  void let_go_of_delivered();
  // An event of a batch, and what its record is to be.
  struct Outgoing {
    const RecordedEvent* event;
    Produced record;
    bool first = false;  // Of this producer in its partition: see FirstRecords.
  };
  Outgoing outgoing(const RecordedEvent& event, const std::optional<Link>& link) const;
  // Sends run_, which comes next, partition by partition, and empties it.
  Result<void> publish_run();
  Result<void> publish_event(std::uint64_t number, Outgoing outgoing);
  Result<void> publish_watermarks(GlobalPosition position, const Link& link);
  // Waits until so much more may be under way, or nothing is. When end_ is set, it may not.
  Result<void> make_room(std::size_t bytes);
  Result<void> send(std::uint64_t number, Produced record, std::optional<std::string_view> key,
                    std::optional<std::string_view> value, KafkaHeaders headers);
  // Looks after deliveries, lease, checkpoint and status. When end_ is set, it is over.
  Result<void> tend(std::chrono::milliseconds wait);
  void settle();
  void save(Moment now);
  // Writes the record as it is.
  void keep_lease(Moment now);
  void show(Moment now);
  void on_delivered(const KafkaProducer::Delivery& delivery);
  Error failure() const;
  Error was_made_anew(std::uint32_t partition, std::int64_t offset) const;
  Error too_large(GlobalPosition position) const;

  const EventStore& store_;
  const RelayOptions& options_;
  RelayLease& lease_;
  RelayState& state_;
  const PlantedBug bug_;
  const std::size_t batch_bytes_;
  const std::size_t run_bytes_max_;

  // Whose data the producer's records refer to, instead of a copy: so they end after it.
  struct Referred {
    std::uint64_t first_record;
    RecordedEvents events;
  };
  std::deque<Referred> referred_;
  std::vector<Outgoing> run_;
  std::vector<std::size_t> sending_;  // The places in run_, partition by partition.
  std::unique_ptr<KafkaProducer> producer_;
  KafkaTopic topic_;  // Ends before its producer.
  std::optional<RecordSource> source_;
  Era era_;
  std::optional<AckTracker> tracker_;
  std::optional<FirstRecords> firsts_;
  std::vector<GlobalPosition> produced_;  // The last position of each partition.
  std::vector<std::int64_t> landed_;      // The last offset of each that was acknowledged, or -1.
  std::optional<End> end_;

  struct Failed {
    rd_kafka_resp_err_t error;
    std::optional<GlobalPosition> position;
    std::optional<Error> refusal = {};  // Kafka took it, but not where it belongs.
  };
  std::optional<Failed> failed_;  // The first record that was given up.
  std::uint64_t shown_events_ = 0;
  std::uint64_t shown_watermarks_ = 0;
  std::uint64_t window_events_ = 0;  // Of the window that the rate is about.
  Moment window_begin_;
  Moment saved_at_;
  Moment next_watermarks_;
  Moment next_save_;
  Moment next_show_;
};

}  // namespace annals::internal
