#include "log_reading.hpp"

#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/content_hash.hpp>

#include "log_format.hpp"
#include "log_writer.hpp"

namespace annals::internal {
namespace {

Error corrupt(const SegmentBytes& segment, std::uint64_t offset, const std::string& what) {
  return {.code = ErrorCode::corrupt,
          .message = segment.file + " at byte " + std::to_string(offset) + ": " + what,
          .place = Error::Place{segment.file, offset}};
}

/// What a record gets from its append. It comes from the index, which was checked when it was
/// built: no checksum of the record's own covers the append's header.
struct Stamp {
  AppendId id;
  GlobalPosition first;
  Timestamp recorded_at;
};

/// Reads records where they lie, one after another, and keeps what they point into alive.
class Fetcher {
 public:
  Fetcher(const StoreId& store, const SegmentSet& segments, std::size_t count)
      : store_(store), segments_(segments) {
    events_.reserve(count);
    tag_ranges_.reserve(count);
  }

  Result<void> add(GlobalPosition position, std::uint64_t address, const Stamp& stamp) {
    use_segment(Address::segment(address));
    const std::uint64_t offset = Address::offset(address);
    const auto rest = bytes_.bytes.subspan(offset);
    auto record = read_record(
        rest, format::seed(store_, bytes_.number, offset, load<std::uint32_t>(rest.data())),
        *tags_);
    if (!record) {
      return corrupt(bytes_, offset, record.error().message);
    }
    if (!record->event) return {};
    if (stamp.first.value + record->index != position.value) {
      return corrupt(bytes_, offset, "a record at another position than its own");
    }
    RecordedEvent& event = events_.emplace_back();
    event.stream = record->stream;
    event.version = record->version;
    event.position = position;
    event.id = record->id ? *record->id : derived_event_id(stamp.id, record->index);
    event.type = record->type;
    event.schema_version = record->schema_version;
    event.content_type = record->content_type;
    event.data = record->data;
    event.metadata = record->metadata;
    event.correlation_id = record->correlation_id;
    event.causation_id = record->causation_id;
    event.actor = record->actor;
    event.traceparent = record->traceparent;
    event.recorded_at = stamp.recorded_at;
    event.known_at = record->known_at.value_or(event.recorded_at);
    event.effective_at = record->effective_at.value_or(event.known_at);
    tag_ranges_.push_back({record->first_tag, record->tag_count});
    return {};
  }

  RecordedEvents finish() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      events_[i].tags = std::span<const std::string_view>(*tags_).subspan(tag_ranges_[i].first,
                                                                          tag_ranges_[i].count);
    }
    if (!tags_->empty()) owners_.push_back(tags_);
    return {std::move(events_), std::move(owners_)};
  }

 private:
  void use_segment(std::uint64_t number) {
    if (!owners_.empty() && bytes_.number == number) return;
    const Segment segment = segments_.at(number);
    bytes_ = segment.bytes(store_);
    owners_.push_back(segment.mapping);
  }

  struct TagRange {
    std::size_t first;
    std::size_t count;
  };

  const StoreId& store_;
  const SegmentSet& segments_;
  SegmentBytes bytes_;
  std::vector<RecordedEvent> events_;
  std::vector<TagRange> tag_ranges_;
  std::shared_ptr<std::vector<std::string_view>> tags_ =
      std::make_shared<std::vector<std::string_view>>();
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace

Result<RecordedEvents> LogReading::fetch(std::span<const GlobalPosition> positions) const {
  std::vector<std::uint64_t> addresses;
  addresses.reserve(positions.size());
  {
    const std::shared_lock lock(addresses_mutex_);
    for (const GlobalPosition position : positions) {
      ANNALS_ASSERT(position.value >= 1 && position.value <= addresses_.size(),
                    to_string(position));
      addresses.push_back(addresses_[position.value - 1]);
    }
  }
  std::vector<Stamp> stamps;
  stamps.reserve(positions.size());
  {
    const std::shared_lock lock(index_mutex_);
    for (const GlobalPosition position : positions) {
      const AppendEntry& entry = index_.holding(position);
      stamps.push_back({entry.id, entry.first, entry.recorded_at});
    }
  }
  Fetcher fetcher(store_, segments_, positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (auto added = fetcher.add(positions[i], addresses[i], stamps[i]); !added) {
      return std::move(added).error();
    }
  }
  return fetcher.finish();
}

void LogReading::publish_at(const AppendEntry& entry, std::span<const RecordKeys> records,
                            std::span<const std::uint64_t> addresses) {
  {
    // First the addresses: whoever sees a position in the index finds it here.
    const std::unique_lock lock(addresses_mutex_);
    addresses_.insert(addresses_.end(), addresses.begin(), addresses.end());
  }
  publish(entry, records);
}

Result<void> LogReading::publish_found(const SegmentBytes& segment, const AppendView& append) {
  std::vector<RecordKeys> keys;
  std::vector<std::uint64_t> addresses;
  keys.reserve(append.records.size());
  std::unordered_map<std::string_view, StreamVersion> next;
  for (std::size_t i = 0; i < append.records.size(); ++i) {
    const RecordView& record = append.records[i];
    addresses.push_back(Address::pack(segment.number, append.offsets[i]));
    keys.push_back({.event = record.event,
                    .stream = record.stream,
                    .version = record.version,
                    .type = record.type,
                    .tags = append.tags_of(record)});
    if (!record.event) continue;
    auto known = next.find(record.stream);
    if (known == next.end()) {
      const auto last = index_.last_version(record.stream);
      known = next.emplace(record.stream, StreamVersion{last ? last->value + 1 : 0}).first;
    }
    if (record.version != known->second) {
      return corrupt(segment, append.offsets[i],
                     "stream " + std::string(record.stream) + " goes from version " +
                         to_string(known->second) + " to " + to_string(record.version));
    }
    ++known->second.value;
  }
  if (index_.find(append.entry.id) != nullptr) {
    return corrupt(segment, append.entry.address,
                   "append " + to_string(append.entry.id) + " is there a second time");
  }
  AppendEntry entry = append.entry;
  entry.address = Address::pack(segment.number, entry.address);
  publish_at(entry, keys, addresses);
  return {};
}

Result<std::optional<Snapshot>> LogReading::load_snapshot(std::string_view stream,
                                                          GlobalPosition at,
                                                          std::uint64_t fingerprint) const {
  return snapshots_->newest(stream, at, fingerprint, [this](const Snapshot& snapshot) {
    return agrees_with_log(snapshot).has_value();
  });
}

Result<VerifyReport> LogReading::verify(const VerifyOptions& options) const {
  const GlobalPosition visible = head().position;
  if (options.first > visible || (options.last && *options.last > visible)) {
    if (visible.value != 0 || options.last) {
      return Error{ErrorCode::diverged,
                   "the range reaches beyond the head, position " + to_string(visible)};
    }
  }
  VerifyOptions bounded = options;
  if (!bounded.last) bounded.last = visible;
  return verify_log_files(options_, bounded);
}

const char* LogReading::name_of(Durability durability) {
  return durability == Durability::synced ? "synced" : "survives_process_only";
}

Stats LogReading::stats() const {
  Stats stats;
  stats.engine = "log";
  stats.durability = name_of(options_.durability);
  stats.store = store_;
  stats.eras = eras_;
  stats.head = head();
  stats.segments = segments_.count();
  if (snapshots_) {
    stats.snapshots_saved = snapshots_->saved();
    stats.snapshot_hits = snapshots_->hits();
  }
  const std::shared_lock lock(index_mutex_);
  stats.streams = index_.stream_count();
  stats.appends = index_.append_count();
  if (const AppendEntry* last = index_.last_append()) stats.last_recorded_at = last->recorded_at;
  return stats;
}

}  // namespace annals::internal
