#include "log_reading.hpp"

#include <algorithm>

#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/content_hash.hpp>

#include "found_append.hpp"
#include "log_format.hpp"
#include "log_writer.hpp"
#include "open.hpp"

namespace annals::internal {
namespace {

/// Reads an append header alone, which no checksum in the segment covers without its frame.
Result<AppendEntry> checked_append(const SegmentBytes& segment, const AppendSpot& spot) {
  if (!segment.holds(spot.offset, format::append_header_bytes) ||
      append_header_check(segment, spot.offset) != spot.check) {
    return corrupt(segment, spot.offset, "an append's header has changed");
  }
  return read_append_header(segment, spot.offset);
}

/// Reads records one after another: where they lie, in a mapped segment, which it keeps alive; or
/// as copies out of the blocks of a packed one, so that few events do not keep many blocks.
class Fetcher {
 public:
  Fetcher(const StoreId& store, const SegmentSet& segments, std::size_t count)
      : store_(store), segments_(segments) {
    events_.reserve(count);
    tag_ranges_.reserve(count);
  }

  Result<void> add(GlobalPosition position, const RecordPlace& place) {
    const std::uint64_t offset = place.offset;
    if (place.append_first != append_.first || append_.count == 0) {
      if (!is_in_window(place.part, place.append.offset)) {
        if (auto used = use_window(place.part, place.append.offset); !used) return used;
      }
      auto append = checked_append(window_.bytes, place.append);
      if (!append) return std::move(append).error();
      append_ = *append;
    }
    if (!is_in_window(place.part, offset)) {
      if (auto used = use_window(place.part, offset); !used) return used;
    }
    const SegmentBytes& segment = window_.bytes;
    if (!segment.holds(offset, format::record_header_bytes)) {
      return corrupt(segment, offset, "a record does not fit its segment");
    }
    const auto there = segment.from(offset);
    const auto rest = packed_ ? copied(there) : there;
    auto record =
        read_record(rest, segment.record_seed(offset, load<std::uint32_t>(rest.data())), *tags_);
    if (!record) {
      return corrupt(segment, offset, record.error().message);
    }
    // The index says which append holds it, and so does the record.
    if (record->back != offset - append_.address) {
      return corrupt(segment, offset, "a record of another append than the index says");
    }
    if (!record->event) return {};
    if (append_.first.value + record->index != position.value) {
      return corrupt(segment, offset, "a record at another position than its own");
    }
    RecordedEvent& event = events_.emplace_back();
    event.stream = record->stream;
    event.version = record->version;
    event.position = position;
    event.id = record->id ? *record->id : derived_event_id(append_.id, record->index);
    event.type = record->type;
    event.schema_version = record->schema_version;
    event.content_type = record->content_type;
    event.data = record->data;
    event.metadata = record->metadata;
    event.correlation_id = record->correlation_id;
    event.causation_id = record->causation_id;
    event.actor = record->actor;
    event.traceparent = record->traceparent;
    event.recorded_at = append_.recorded_at;
    event.known_at = record->known_at.value_or(event.recorded_at);
    event.effective_at = record->effective_at.value_or(event.known_at);
    if (record->origin_store && record->origin_position) {
      event.origin = Origin{*record->origin_store, *record->origin_position};
    }
    event.given = {.id = record->id.has_value(),
                   .known_at = record->known_at.has_value(),
                   .effective_at = record->effective_at.has_value()};
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
  /// Asked for every event, so it stands apart from what is seldom done.
  bool is_in_window(std::uint64_t number, std::uint64_t offset) const noexcept {
    return window_.owner != nullptr && window_.bytes.number == number &&
           window_.bytes.holds(offset, 1);
  }

  /// Brings what lies around `offset` into window_.
  Result<void> use_window(std::uint64_t number, std::uint64_t offset) {
    const auto segment = segments_.at(number);
    auto window = segment->window(store_, offset);
    if (!window) return std::move(window).error();
    window_ = *std::move(window);
    packed_ = segment->packed != nullptr;
    if (!packed_) owners_.push_back(window_.owner);
    return {};
  }

  /// The record at the start of `rest`, with what follows it, where it stays for long enough.
  std::span<const std::byte> copied(std::span<const std::byte> rest) {
    const std::size_t bytes = std::min<std::size_t>(load<std::uint32_t>(rest.data()), rest.size());
    if (bytes < format::record_header_bytes) return rest;  // Found to be wrong when it is read.
    if (bytes > room_.size()) {
      const std::size_t room = std::max(bytes, copies_room_bytes);
      auto copies = std::make_shared_for_overwrite<std::byte[]>(room);
      room_ = {copies.get(), room};
      owners_.push_back(std::move(copies));
    }
    std::memcpy(room_.data(), rest.data(), bytes);
    const auto copy = room_.first(bytes);
    room_ = room_.subspan(bytes);
    return copy;
  }

  /// Copies are made into pieces of memory of this size, or of one record that is larger.
  static constexpr std::size_t copies_room_bytes = std::size_t{16} * 1024;

  struct TagRange {
    std::size_t first;
    std::size_t count;
  };

  const StoreId& store_;
  const SegmentSet& segments_;
  SegmentWindow window_;
  bool packed_ = false;        // The segment that window_ is of.
  std::span<std::byte> room_;  // For the next copies; owned by one of owners_.
  AppendEntry append_;         // Of the record before.
  std::vector<RecordedEvent> events_;
  std::vector<TagRange> tag_ranges_;
  std::shared_ptr<std::vector<std::string_view>> tags_ =
      std::make_shared<std::vector<std::string_view>>();
  std::vector<std::shared_ptr<const void>> owners_;
};

}  // namespace

Result<RecordedEvents> LogReading::fetch(std::span<const GlobalPosition> positions) const {
  auto places = index_.places(positions);
  if (!places) return std::move(places).error();
  Fetcher fetcher(store_, segments_, positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (auto added = fetcher.add(positions[i], (*places)[i]); !added) {
      return std::move(added).error();
    }
  }
  return fetcher.finish();
}

Result<void> LogReading::read_append_entries(std::uint64_t part, std::span<const AppendSpot> spots,
                                             std::vector<AppendEntry>& into) const {
  const auto segment = segments_.at(part);
  SegmentWindow window;
  for (const AppendSpot& spot : spots) {
    if (window.owner == nullptr || !window.bytes.holds(spot.offset, 1)) {
      auto found = segment->window(store_, spot.offset);
      if (!found) return std::move(found).error();
      window = *std::move(found);
    }
    auto entry = checked_append(window.bytes, spot);
    if (!entry) return std::move(entry).error();
    into.push_back(*entry);
  }
  return {};
}

Result<void> LogReading::publish_found(const SegmentBytes& segment, const AppendView& append) {
  if (auto follow = check_versions(segment, append, index_.newest(), hasher_); !follow) {
    return follow;
  }
  auto there = index_.find_in_newest(append.entry.id);
  if (!there) return std::move(there).error();
  if (*there) {
    return corrupt(segment, append.entry.address,
                   "append " + to_string(append.entry.id) + " is there a second time");
  }
  const FoundAppend found(segment, append, hasher_);
  const Publication publication{
      .entry = found.entry, .offset = found.offset(), .check = found.check, .records = found.keys};
  index_.add(std::span(&publication, 1));
  return {};
}

Result<std::shared_ptr<const MemoryPart>> LogReading::index_segment(
    const ManifestSegment& listed) const {
  auto part = std::make_shared<MemoryPart>(listed.number, listed.first, hasher_);
  Chain chain(Head{{listed.first.value - 1}, listed.link_before});
  const auto add = [&](const SegmentBytes& segment, const AppendView& append) -> Result<void> {
    return index_append(segment, append, hasher_, *part);
  };
  const auto segment = segments_.at(listed.number)->whole(store_);
  if (!segment) return segment.error();
  auto scanned = scan_sealed(segment->bytes, listed, chain, false, add);
  if (!scanned) return std::move(scanned).error();
  return std::shared_ptr<const MemoryPart>(std::move(part));
}

Result<std::shared_ptr<const IndexFile>> LogReading::open_index(
    const ManifestSegment& listed) const {
  return IndexFile::open(
      *options_.files, options_.path, store_, IndexFile::segment_of(listed),
      [this, listed] { return index_segment(listed); },
      bug_ == PlantedBug::index_checksum_left_out);
}

Result<std::shared_ptr<const MemoryPart>> LogReading::add_sealed(const ManifestSegment& listed,
                                                                 bool newest) {
  std::shared_ptr<const MemoryPart> made;
  if (listed.last < listed.first) return made;  // An append did not fit what was left of it.
  auto file = open_index(listed);
  if (!file) return std::move(file).error();
  std::shared_ptr<const IndexPart> part = *std::move(file);
  if (part == nullptr) {
    auto indexed = index_segment(listed);
    if (!indexed) return std::move(indexed).error();
    part = made = *std::move(indexed);
  }
  AppendEntry last;  // As far as anybody asks: where it ends, its link, and its time.
  last.first = listed.last;
  last.count = 1;
  last.link = listed.link_after;
  if (newest) {
    if (auto ready = part->ready(); !ready) return std::move(ready).error();
    last.recorded_at = part->append(part->append_count() - 1).recorded_at;
  }
  index_.add_part(std::move(part), last);
  return made;
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
  return verify_log_files(options_, bounded, bug_);
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
  const SegmentSet::Packed packed = segments_.packed();
  stats.segments_packed = packed.segments;
  stats.packed_bytes = packed.bytes;
  stats.packed_file_bytes = packed.file_bytes;
  if (snapshots_) {
    stats.snapshots_saved = snapshots_->saved();
    stats.snapshot_hits = snapshots_->hits();
  }
  stats.streams = index_.stream_count();
  stats.appends = index_.append_count();
  if (const auto last = index_.last_append()) stats.last_recorded_at = last->recorded_at;
  return stats;
}

}  // namespace annals::internal
