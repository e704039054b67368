#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <utility>

#include <annals/eventstore/memory_event_store.hpp>

#include "event_content.hpp"
#include "group_view.hpp"
#include "indexed_event_store.hpp"
#include "memory/memory_block.hpp"
#include "prepared_append.hpp"
#include "snapshot_shelf.hpp"
#include "written_streams.hpp"

namespace annals {

namespace {

using namespace internal;  // NOLINT(google-build-using-namespace): this file is of its inside.

class MemoryEventStore final : public IndexedEventStore {
 public:
  explicit MemoryEventStore(MemoryOptions options)
      : IndexedEventStore(options.store, {{Era{}, GlobalPosition{0}}}),
        options_(std::move(options)) {
    options_.limits.data_bytes_max =
        std::min(options_.limits.data_bytes_max, Limits::data_bytes_ceiling);
  }

  Result<Receipt> append(AppendRequest request) override {
    auto prepared = prepare(std::move(request), options_.limits, hasher_);
    if (!prepared) return std::move(prepared).error();
    const std::lock_guard lock(write_mutex_);
    return write(*std::move(prepared));
  }

  // Writes at once. Completions go through a queue that one thread at a time empties: that keeps
  // them in position order although no lock is held while they run.
  void append_async(AppendRequest request, AppendCompletion completion) override {
    auto prepared = prepare(std::move(request), options_.limits, hasher_);
    {
      const std::lock_guard lock(write_mutex_);
      Result<Receipt> result =
          prepared ? write(*std::move(prepared)) : Result<Receipt>(std::move(prepared).error());
      const std::lock_guard queue_lock(queue_mutex_);
      queue_.emplace_back(std::move(completion), std::move(result));
      if (std::exchange(emptying_, true)) return;
    }
    for (;;) {
      std::unique_lock lock(queue_mutex_);
      if (queue_.empty()) {
        emptying_ = false;
        return;
      }
      auto [call, result] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      call(std::move(result));
    }
  }

  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    const std::lock_guard lock(write_mutex_);
    auto found = find_visible(id);
    if (!found) return std::move(found).error();
    if (!*found) return std::optional<Receipt>();
    return std::optional<Receipt>(std::move((*found)->receipt));
  }

  Result<RecordedEvents> fetch(std::span<const GlobalPosition> positions) const override {
    std::vector<RecordedEvent> events;
    std::vector<std::shared_ptr<const void>> owners;
    events.reserve(positions.size());
    const std::shared_lock lock(blocks_mutex_);
    const MemoryBlock* last = nullptr;
    for (const GlobalPosition position : positions) {
      const Place& place = places_[position.value - 1];
      if (place.block != last) owners.push_back(place.block->shared_from_this());
      last = place.block;
      events.push_back(place.block->events()[place.index]);
    }
    return RecordedEvents(std::move(events), std::move(owners));
  }

  Result<void> read_append_entries(std::uint64_t, std::span<const AppendSpot> spots,
                                   std::vector<AppendEntry>& into) const override {
    const std::shared_lock lock(blocks_mutex_);
    for (const AppendSpot& spot : spots) into.push_back(blocks_[spot.offset]->entry());
    return {};
  }

  Result<void> save_snapshot(Snapshot snapshot) override {
    if (snapshot.data.size() > Limits::data_bytes_ceiling) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "snapshot of " + std::to_string(snapshot.data.size()) +
                              " bytes: at most " + std::to_string(Limits::data_bytes_ceiling)};
    }
    if (auto agrees = agrees_with_log(snapshot); !agrees) return agrees;
    const std::lock_guard lock(shelf_mutex_);
    shelf_.add(std::move(snapshot));
    ++snapshots_saved_;
    return {};
  }

  Result<std::optional<Snapshot>> load_snapshot(std::string_view stream, GlobalPosition at,
                                                std::uint64_t fingerprint) const override {
    std::shared_ptr<const Snapshot> found;
    {
      const std::lock_guard lock(shelf_mutex_);
      found = shelf_.newest(stream, at, fingerprint, [&](const Snapshot& snapshot) {
        return agrees_with_log(snapshot).has_value();
      });
    }
    if (!found) return std::optional<Snapshot>();
    ++snapshot_hits_;
    return std::optional<Snapshot>(*found);
  }

  Result<VerifyReport> verify(const VerifyOptions& options) const override;

  Stats stats() const override {
    Stats stats;
    stats.engine = "memory";
    stats.durability = "memory";
    stats.store = store_;
    stats.eras = eras_;
    stats.head = head();
    if (const auto last = index_.last_append()) stats.last_recorded_at = last->recorded_at;
    stats.streams = index_.stream_count();
    stats.appends = index_.append_count();
    stats.bytes = bytes_;
    stats.appends_repeated = repeated_;
    stats.appends_refused = refused_;
    stats.snapshots_saved = snapshots_saved_;
    stats.snapshot_hits = snapshot_hits_;
    return stats;
  }

  Limits limits() const override { return options_.limits; }

 private:
  struct Place {
    const MemoryBlock* block;  // In blocks_.
    std::uint32_t index;
  };

  Result<Receipt> write(PreparedAppend prepared);  // Wants write_mutex_.
  Receipt receipt_of_head(const AppendId& id) const;

  MemoryOptions options_;

  std::mutex write_mutex_;  // One append at a time. Taken before every other lock.

  mutable std::shared_mutex blocks_mutex_;
  std::vector<std::shared_ptr<const MemoryBlock>> blocks_;  // Guarded by blocks_mutex_.
  std::vector<Place> places_;  // By position - 1. Guarded by blocks_mutex_.

  std::mutex queue_mutex_;
  std::deque<std::pair<AppendCompletion, Result<Receipt>>> queue_;  // Guarded by queue_mutex_.
  bool emptying_ = false;                                           // Guarded by queue_mutex_.

  mutable std::mutex shelf_mutex_;
  SnapshotShelf shelf_;  // Guarded by shelf_mutex_.

  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> repeated_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> snapshots_saved_ = 0;
  mutable std::atomic<std::uint64_t> snapshot_hits_ = 0;
};

Receipt MemoryEventStore::receipt_of_head(const AppendId& id) const {
  const Head at = head();
  const auto last = index_.last_append();
  return {.id = id,
          .first_position = at.position,
          .last_position = at.position,
          .link = at.link,
          .versions = {},
          .recorded_at = last ? last->recorded_at : Timestamp{},
          .store = store_,
          .era = present_era()};
}

Result<Receipt> MemoryEventStore::write(PreparedAppend prepared) {
  const AppendId id = *prepared.request.id;
  auto found = find_visible(id);
  if (!found) return std::move(found).error();
  if (*found) {
    auto answer = answer_repeat(std::move((*found)->receipt), (*found)->digest, prepared.request);
    if (answer) ++repeated_;
    return answer;
  }

  const bool empty = prepared.request.events.empty();
  const auto last = index_.last_append();
  const auto last_at = last ? std::optional(last->recorded_at) : std::nullopt;
  auto recorded_at =
      recorded_at_for(options_.clock->now(), last_at,
                      empty ? std::chrono::microseconds::max() : options_.max_clock_skew);
  if (!recorded_at) {
    Error error = std::move(recorded_at).error();
    error.append_id = id;
    return error;
  }
  GroupView view(index_);
  if (auto fits = view.check(prepared, *recorded_at, options_.max_clock_skew); !fits) {
    ++refused_;
    return std::move(fits).error();
  }
  if (empty) return receipt_of_head(id);

  if (auto added = view.add(prepared); !added) return std::move(added).error();
  AppendEntry entry{.id = id,
                    .digest = *prepared.request.digest,
                    .first = {index_.head().value + 1},
                    .count = static_cast<std::uint32_t>(prepared.keys.size()),
                    .recorded_at = *recorded_at,
                    .link = {},
                    .address = blocks_.size()};
  entry.link = link_of(prepared, entry, last ? last->link : first_link(store_));
  bytes_ += prepared.data_bytes;
  const auto block = std::make_shared<const MemoryBlock>(std::move(prepared), entry);
  {
    const std::unique_lock lock(blocks_mutex_);
    blocks_.push_back(block);
    for (std::uint32_t i = 0; i < entry.count; ++i) places_.push_back({block.get(), i});
  }
  const Publication publication{.entry = entry,
                                .offset = static_cast<std::uint32_t>(entry.address),
                                .check = 0,
                                .records = block->given().keys};
  index_.add(std::span(&publication, 1));
  wake();

  Receipt receipt = receipt_of(entry, store_, present_era());
  WrittenStreams written;
  for (const RecordedEvent& event : block->events()) written.add(event.stream, event.version);
  receipt.versions = written.take();
  return receipt;
}

Result<VerifyReport> MemoryEventStore::verify(const VerifyOptions& options) const {
  std::vector<std::shared_ptr<const MemoryBlock>> blocks;
  {
    const std::shared_lock lock(blocks_mutex_);
    blocks = blocks_;
  }
  return verify_blocks(blocks, store_, options);
}

}  // namespace

std::unique_ptr<EventStore> make_memory_event_store(MemoryOptions options) {
  return std::make_unique<MemoryEventStore>(std::move(options));
}

}  // namespace annals
