/// @file
/// Door of relay/: the log goes out to Kafka.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/eventstore/event_store.hpp>
#include <annals/relay/relay_checkpoints.hpp>

namespace annals {

struct RelayOptions {
  std::string brokers;     ///< "one.example:9092,two.example:9092": any of the cluster.
  std::string topic;       ///< One for each store.
  bool make_topic = true;  ///< If it is missing. Otherwise it is waited for.
  /// Of a topic that is made, or that is there: how many it must have. 0: the
  /// broker's default, or however many it has. Never changed once something was published.
  std::uint32_t partitions = 0;
  std::uint32_t replication = 0;  ///< Copies of a topic that is made; 0: the broker's default.
  /// Other settings of a topic that is made, such as {"retention.ms", "-1"}.
  std::vector<std::pair<std::string, std::string>> topic_settings = {};
  /// Begin although the topic holds records of this store and the place of checkpoints knows
  /// nothing of it: for when the checkpoint was lost. Everything is published once more, and
  /// consumers drop it. A topic that ends with anybody else's records is refused all the same.
  bool into_filled_topic = false;
  std::string compression = "none";  ///< "none", "gzip", "snappy", "lz4" or "zstd".
  /// Of one record with its key and headers. A topic that is made takes as much; another's
  /// max.message.bytes must.
  std::size_t record_bytes_max = std::size_t{2} * 1024 * 1024;
  /// What is produced and not yet acknowledged; reading the log waits beyond it. Where brokers are
  /// many or far away, more may be faster.
  std::size_t buffer_bytes_max = std::size_t{8} * 1024 * 1024;
  /// How long after the last sign of life of one relay another takes over.
  std::chrono::milliseconds lease = std::chrono::seconds(10);
  /// How often the checkpoint is written while it moves: what a crash publishes again.
  std::chrono::milliseconds checkpoint_every = std::chrono::milliseconds(250);
  /// How often a partition without events says how far the log has been read.
  std::chrono::milliseconds watermark_every = std::chrono::milliseconds(200);
  /// librdkafka's own: TLS, SASL, linger.ms and the rest. Those that the relay's promises rest on,
  /// or that an option above says, are refused.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

struct RelayStatus {
  enum class Role : std::uint8_t {
    idle,     ///< run() is not running.
    standby,  ///< Another relay holds the lease; this one waits for it to end.
    leader,
  };
  Role role = Role::idle;
  std::uint64_t epoch = 0;            ///< Of whoever leads, as last seen.
  std::optional<Holder> holder = {};  ///< Who leads, as last seen.
  /// Acknowledged up to here, all of it; of another leader, as last seen.
  GlobalPosition position;
  GlobalPosition head;  ///< The log's end; 0 as long as the position is not known.
  /// How long the oldest event not yet acknowledged has been waiting; 0 at the head.
  std::chrono::microseconds lag_time{};
  /// It leads, has found the topic to be as it must, and follows the log.
  bool following = false;
  double events_per_second = 0;  ///< Acknowledged, over about the last second.
  // Since this object was made; what was published again counts again.
  std::uint64_t events = 0;       ///< Acknowledged.
  std::uint64_t watermarks = 0;   ///< Likewise.
  std::uint64_t producers = 0;    ///< Made: one, and one more after each failure.
  std::uint64_t claims = 0;       ///< Times that it became the leader.
  std::size_t waiting_bytes = 0;  ///< Produced and not acknowledged.
  std::string last_error = {};    ///< What went wrong last; empty while all is well.

  std::uint64_t lag() const { return head.value - std::min(head.value, position.value); }
};

std::string_view to_string(RelayStatus::Role role) noexcept;

/// Publishes a store's events to one Kafka topic: what is there, then what comes, each partition in
/// position order. After a crash a suffix may be repeated; nothing is left out or out of order.
/// Several relays may run for one topic: one leads, the others take over when it is gone.
/// docs/explanation/relay.md tells how, docs/reference/kafka_record_format.md what a record is.
///
/// run() belongs to one thread; stop() and status() may be called from any. The store and the
/// checkpoints must outlive it.
class Relay {
 public:
  virtual ~Relay() = default;

  /// Relays until stop() is called or something needs a person; waits for brokers, the lease and
  /// the place of checkpoints as long as it takes. When it returns after stop(), what was produced
  /// has been acknowledged and written down, unless the brokers did not answer for ten seconds.
  ///
  /// Errors: invalid_argument (another store's topic, another count of partitions, a topic that was
  /// emptied, an event larger than a record may be), diverged (the history that was published is no
  /// longer this store's: it was put back, or is a copy that went another way), corrupt (also: the
  /// topic's last record is no relay's), unsupported.
  virtual Result<void> run() = 0;

  /// Ends run() soon. Idempotent; a relay that was stopped does not run again.
  virtual void stop() = 0;

  virtual RelayStatus status() const = 0;
};

/// Contacts nobody yet.
///
/// Errors: invalid_argument (no brokers, no topic's name, a setting unknown or the relay's own).
Result<std::unique_ptr<Relay>> make_relay(const EventStore& store, RelayCheckpoints& checkpoints,
                                          RelayOptions options);

}  // namespace annals
