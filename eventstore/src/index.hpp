#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <vector>

#include <annals/eventstore/query.hpp>

#include "heads.hpp"
#include "index_part.hpp"
#include "memory_part.hpp"

namespace annals::internal {

/// Where a record lies, and its append.
struct RecordPlace {
  std::uint64_t part = 0;
  std::uint32_t offset = 0;
  GlobalPosition append_first;
  AppendSpot append;
};

/// What of an append the index does not keep.
class AppendReader {
 public:
  virtual ~AppendReader() = default;
  /// Adds those of these spots to `into`. Errors: corrupt, unavailable.
  virtual Result<void> read_append_entries(std::uint64_t part, std::span<const AppendSpot> spots,
                                           std::vector<AppendEntry>& into) const = 0;
};

/// One append to be made visible.
struct Publication {
  AppendEntry entry;
  std::uint32_t offset = 0;
  std::uint32_t check = 0;
  std::span<const RecordKeys> records;
};

/// Where everything is: by stream, category, type, tag, append id, position and time. A chain of
/// parts; the last one grows. Thread-safe: one thread at a time adds, any number read, and only the
/// last part is locked while it is read.
class Index {
 public:
  /// `first`: of the position that is added first. `reader` must outlive the index.
  Index(const KeyHasher& hasher, const AppendReader& reader)
      : hasher_(hasher), reader_(reader), growing_(new_part(0, {1})), parts_(one(growing_)) {}

  // Building it, before anybody reads.

  /// From now on the ends of streams are looked up in `heads`: see catch_up_heads().
  void use_heads(std::unique_ptr<Heads> heads) { heads_ = std::move(heads); }
  Heads* heads() const { return heads_.get(); }
  /// The next part, complete. `last`: its last append.
  void add_part(std::shared_ptr<const IndexPart> part, const AppendEntry& last);
  /// Raises the heads of all that they do not have yet. Says whether every stream of the newest
  /// part goes on where the heads say that it ended before.
  Result<bool> catch_up_heads();

  // Adding.

  /// What follows goes into a new part. Returns the one that is complete now, if there is anything
  /// in it.
  std::shared_ptr<const MemoryPart> begin_part(std::uint64_t number);
  /// Puts a part in the place of the one with its number.
  void replace_part(std::shared_ptr<const IndexPart> part);
  /// Adds the next appends. REQUIRES: each begins at head + 1; the versions are the next ones.
  void add(std::span<const Publication> appends);

  // Reading.

  GlobalPosition head() const;
  std::optional<AppendEntry> last_append() const;
  std::uint64_t append_count() const;
  std::uint64_t stream_count() const;
  const KeyHasher& hasher() const { return hasher_; }

  Result<std::optional<StreamVersion>> last_version(std::string_view stream) const;
  /// The position of `stream`'s event `version`, if it has it.
  Result<std::optional<GlobalPosition>> position_of(std::string_view stream,
                                                    StreamVersion version) const;
  /// The append with this id, if it is in a part that goes beyond `after`.
  Result<std::optional<AppendEntry>> find(const AppendId& id, GlobalPosition after = {}) const;
  /// The append that holds `position`. REQUIRES: 1 <= position <= head().
  Result<AppendEntry> holding(GlobalPosition position) const;
  /// The appends that hold the positions from `first` to `last`. REQUIRES: 1 <= first <= last <=
  /// head().
  Result<std::vector<AppendEntry>> holding(GlobalPosition first, GlobalPosition last) const;
  /// The last position of the append that holds `position`. Requires as holding().
  Result<GlobalPosition> end_of_append(GlobalPosition position) const;
  /// The last position recorded at `time` or before; 0 if none.
  Result<GlobalPosition> last_at(Timestamp time) const;
  /// REQUIRES: 1 <= position <= head(), each.
  Result<std::vector<RecordPlace>> places(std::span<const GlobalPosition> positions) const;

  /// Up to `max` positions in (after, up_to] whose events match, ascending.
  Result<std::vector<GlobalPosition>> select(const Query& query, GlobalPosition after,
                                             GlobalPosition up_to, std::size_t max) const;
  /// Up to `max` positions in [from, before) whose events match, descending.
  Result<std::vector<GlobalPosition>> select_backward(const Query& query, GlobalPosition before,
                                                      GlobalPosition from, std::size_t max) const;
  /// The first event after `after` that matches, if any: what an append condition asks.
  Result<std::optional<GlobalPosition>> first_match(const Query& query, GlobalPosition after) const;

  // For the thread that adds, without a lock.

  /// The part that grows.
  const MemoryPart& newest() const { return *growing_; }
  Result<std::optional<StreamVersion>> last_version_for_writer(std::string_view stream,
                                                               const KeyHash& hash) const;
  /// Brings into the cache what last_version_for_writer() will look at.
  void prefetch(const KeyHash& stream) const {
    if (heads_ != nullptr) heads_->prefetch(stream);
  }
  /// As find(), in that part alone.
  Result<bool> find_in_newest(const AppendId& id) const;

 private:
  using Parts = std::vector<std::shared_ptr<const IndexPart>>;

  std::shared_ptr<MemoryPart> new_part(std::uint64_t number, GlobalPosition first) const {
    return std::make_shared<MemoryPart>(number, first, hasher_);
  }
  static std::shared_ptr<const Parts> one(std::shared_ptr<const IndexPart> part) {
    return std::make_shared<const Parts>(Parts{std::move(part)});
  }

  /// The parts as they are now, with what of the last one is visible. Keeps the last one from
  /// growing for as long as `lock` is held.
  struct View {
    std::shared_ptr<const Parts> parts;
    GlobalPosition head;
  };
  View view() const;
  /// Runs `body(part)` for a part of the view, under the lock if it may still grow.
  template <typename Body>
  auto with(const View& view, std::size_t part, Body body) const
      -> decltype(body(*(*view.parts)[part]));
  Result<AppendEntry> read_append(std::uint64_t part, const AppendSpot& spot) const;
  /// The index of the part that holds `position`. REQUIRES: position <= view.head
  static std::size_t part_of(const Parts& parts, GlobalPosition position);

  const KeyHasher& hasher_;
  const AppendReader& reader_;
  std::unique_ptr<Heads> heads_;  // Guarded by mutex_.
  mutable std::shared_mutex mutex_;
  std::shared_ptr<MemoryPart> growing_;  // The last of parts_. Guarded by mutex_.
  std::shared_ptr<const Parts> parts_;   // Guarded by mutex_; what it points to never changes.
  std::optional<AppendEntry> last_;      // Guarded by mutex_.
};

}  // namespace annals::internal
