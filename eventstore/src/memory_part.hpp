#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "index_part.hpp"

namespace annals::internal {

/// A part that grows: the newest events of a log. Not thread-safe while it grows.
class MemoryPart final : public IndexPart {
 public:
  MemoryPart(std::uint64_t number, GlobalPosition first, const KeyHasher& hasher);
  ~MemoryPart() override;
  MemoryPart(const MemoryPart&) = delete;
  MemoryPart& operator=(const MemoryPart&) = delete;

  /// Adds the next append. REQUIRES: the hashes of its records are set.
  void add(const AppendEntry& entry, std::uint32_t offset, std::uint32_t check,
           std::span<const RecordKeys> records);
  /// Adds a record without its append. Requires the same.
  void add(const RecordKeys& record);

  /// Brings into the cache what add() of a record will look at: the slots this many records before
  /// it is added, and then what they lead to.
  static constexpr std::size_t prefetch_far = 12;
  static constexpr std::size_t prefetch_near = 6;
  void prefetch_slots(const RecordKeys& record) const;
  void prefetch_entries(const RecordKeys& record) const;

  std::uint64_t number() const override { return number_; }
  GlobalPosition first() const override { return first_; }
  GlobalPosition last() const override { return {first_.value + records_ - 1}; }
  std::uint32_t append_count() const override {
    return static_cast<std::uint32_t>(appends_.size());
  }
  std::uint64_t streams_begun() const override { return streams_begun_; }
  std::optional<Found> find(KeyKind kind, std::string_view name,
                            const KeyHash& hash) const override;
  PostingList not_events() const override { return PostingList(not_events_); }
  std::uint32_t offset(std::uint32_t position) const override { return offsets_[position]; }
  AppendSpot append(std::uint32_t ordinal) const override { return appends_[ordinal]; }
  void appends_with(std::uint64_t id_hash, std::vector<std::uint32_t>& ordinals) const override;
  void each_stream(const EachStream& each) const override;

  /// The version of a stream's last event here.
  std::optional<StreamVersion> last_version(const KeyHash& stream) const;

  /// For writing it down.
  struct Key {
    KeyKind kind;
    std::uint64_t hash;
    std::string_view name;
    StreamVersion base;
    std::span<const std::uint32_t> positions;
  };
  std::vector<Key> keys() const;
  std::span<const std::uint32_t> offsets() const { return offsets_; }
  std::span<const AppendSpot> appends() const { return appends_; }
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ids() const;  ///< Hash and ordinal.
  std::pair<AppendId, AppendId> id_range() const { return {least_id_, greatest_id_}; }

 private:
  struct Entry;
  // A slot is free (0) or an entry's address with 16 bits of its hash in front.
  using Slot = std::uint64_t;

  Entry* find_entry(KeyKind kind, const KeyHash& hash) const;
  Entry& entry(KeyKind kind, const KeyHash& hash, std::string_view stream_or_name);
  void post(Entry& entry, std::uint32_t position);
  std::span<const std::uint32_t> positions_of(const Entry& entry) const;
  std::byte* allocate(std::size_t bytes);
  void grow_slots();
  void grow_ids();

  const std::uint64_t number_;
  const GlobalPosition first_;
  const KeyHasher& hasher_;
  std::uint32_t records_ = 0;

  std::vector<Slot> slots_;
  std::size_t entries_ = 0;
  std::uint64_t streams_begun_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> arena_;
  std::size_t arena_left_ = 0;
  std::byte* arena_at_ = nullptr;
  std::deque<std::vector<std::uint32_t>> lists_;  // Of entries that have many positions.
  // The last category and type: mostly the next one's.
  Entry* last_category_ = nullptr;
  Entry* last_type_ = nullptr;

  std::vector<std::uint32_t> not_events_;
  std::vector<std::uint32_t> offsets_;
  std::vector<AppendSpot> appends_;
  struct IdSlot {
    std::uint64_t hash = 0;
    std::uint32_t ordinal_plus_1 = 0;
  };
  std::vector<IdSlot> ids_;
  AppendId least_id_{};
  AppendId greatest_id_{};
};

}  // namespace annals::internal
