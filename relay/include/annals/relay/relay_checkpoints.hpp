/// @file
/// Where a relay keeps how far it has come, and who may relay.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/holder.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

/// What is kept about the relay of one topic.
struct RelayRecord {
  std::string topic;
  std::uint64_t revision = 0;         ///< Raised by each write: what compare-and-set compares.
  std::uint64_t epoch = 0;            ///< Raised by each relay that takes the topic over.
  std::optional<Holder> holder = {};  ///< Who relays; nothing: released.
  /// So long after a write another relay may take over.
  std::chrono::milliseconds lease{0};

  /// Everything up to here lies in the topic, acknowledged. Always the end of an append, with its
  /// link; position 0: nothing yet.
  Checkpoint checkpoint;
  std::string cluster = {};      ///< Kafka's id of the cluster; empty until the first contact.
  std::string partitioner = {};  ///< partitioner_name, likewise.
  /// For each partition, the position of its last record at the checkpoint; 0: it has none. Their
  /// count is the topic's; none until the first contact.
  std::vector<GlobalPosition> last_positions = {};
  /// At which offset each of those lies in its partition; -1: not known. As many, or none at all.
  std::vector<std::int64_t> last_offsets = {};

  std::string failure = {};  ///< Why it has halted; empty: it has not.
  Timestamp updated_at = {};

  bool operator==(const RelayRecord&) const = default;
};

/// Lines of "name value", for people and for implementations of the door below.
std::string to_text(const RelayRecord& record);
/// Errors: corrupt, unsupported (a later version of the text).
Result<RelayRecord> parse_relay_record(std::string_view text);

/// The door of places that keep relay records, one for each topic. A place must be durable, and
/// shared by all relays of its topics. Thread-safe.
class RelayCheckpoints {
 public:
  virtual ~RelayCheckpoints() = default;

  /// What it is, for messages: "folder bank-data/relay".
  virtual std::string name() const = 0;

  /// The topic's record as the last replace() has left it, or nothing.
  ///
  /// Errors: unavailable, corrupt, unsupported.
  virtual Result<std::optional<RelayRecord>> load(std::string_view topic) const = 0;

  /// Puts `record` in the place of the one whose revision is `record.revision - 1` (0: there is
  /// none yet). False: another one is there, nothing was written. When it returns true, the record
  /// survives a crash.
  ///
  /// Errors: unavailable (nothing was written), outcome_unknown (load() tells).
  virtual Result<bool> replace(const RelayRecord& record) = 0;
};

/// In a folder, made if it is missing: for relays on the machine of the log, or that share a disk
/// with atomic hard links. A relay that is frozen in the middle of a write blocks nobody.
///
/// Errors: unavailable.
Result<std::unique_ptr<RelayCheckpoints>> open_relay_checkpoint_folder(std::string folder);

/// Says whether `name` can be a topic's: 1 to 249 of A-Z, a-z, 0-9, '.', '_' and '-', and not "."
/// or "..".
bool is_topic_name(std::string_view name) noexcept;

}  // namespace annals
