#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include <annals/aggregates/state_loader.hpp>

#include "event_fold.hpp"
#include "snapshot_saver.hpp"
#include "state_text.hpp"

namespace annals {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace

class StateLoader::Impl {
 public:
  Impl(EventStore& store, LoaderOptions options)
      : store_(store), options_(std::move(options)), saver_(store, options_.snapshots.waiting_max) {
    options_.snapshots.every = std::min(options_.snapshots.every, SnapshotPolicy::every_max);
  }

  EventStore& store() const noexcept { return store_; }

  Result<LoadedState> load(const FoldType& type, std::string_view stream, AsOf as_of) {
    const SteadyTime began = std::chrono::steady_clock::now();
    ++loads_;
    auto cursor = store_.read({.query = Query::stream(std::string(stream)), .as_of = as_of});
    if (!cursor) return std::move(cursor).error();
    LoadedState loaded{.state = AnyState(type), .info = {.cut = (*cursor)->cut()}};
    if (start_from_snapshot(loaded, stream)) {
      cursor = read_on(loaded, stream, loaded.info.cut.position);
      if (!cursor) return std::move(cursor).error();
    }
    if (auto folded = fold_all(**cursor, loaded); !folded) return std::move(folded).error();
    const bool slow = std::chrono::steady_clock::now() - began > options_.snapshots.slow_load;
    offer_snapshot(loaded, stream, slow);
    return loaded;
  }

  Result<LoadedState> load(const FoldType& type, std::string_view stream, StreamVersion version) {
    auto cursor = store_.read(
        {.query = Query::stream(std::string(stream)), .start = Start::from(version), .limit = 1});
    if (!cursor) return std::move(cursor).error();
    auto found = (*cursor)->next(1);
    if (!found) return std::move(found).error();
    if (found->empty() || found->front().version != version) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "stream " + std::string(stream) + " has no version " +
                              to_string(version) + " at position " +
                              to_string((*cursor)->cut().position),
                   .position = (*cursor)->cut().position};
    }
    return load(type, stream, AsOf::position(found->front().position));
  }

  Result<void> catch_up(LoadedState& loaded, std::string_view stream, GlobalPosition position) {
    auto cursor = read_on(loaded, stream, position);
    if (!cursor) return std::move(cursor).error();
    loaded.info.cut = (*cursor)->cut();
    return fold_all(**cursor, loaded);
  }

  Result<LoadedState> fold(const FoldType& type, const Query& query, AsOf as_of) {
    auto cursor = store_.read({.query = query, .as_of = as_of});
    if (!cursor) return std::move(cursor).error();
    LoadedState loaded{.state = AnyState(type), .info = {.cut = (*cursor)->cut()}};
    if (auto folded = fold_all(**cursor, loaded); !folded) return std::move(folded).error();
    loaded.info.version.reset();
    return loaded;
  }

  void offer_snapshot(LoadedState& loaded, std::string_view stream, bool slow) {
    const std::uint64_t every = options_.snapshots.every;
    if (every == 0 || loaded.state.type().table == nullptr || !loaded.info.version) return;
    const std::uint64_t count = loaded.info.version->value + 1;
    const std::uint64_t since = count - (loaded.snapshot ? loaded.snapshot->value + 1 : 0);
    if (since < every && !(slow && since > 0)) return;
    loaded.snapshot = loaded.info.version;
    if (!saver_.has_room()) return saver_.count_dropped();
    saver_.offer({.stream = std::string(stream),
                  .state = loaded.state,
                  .version = *loaded.info.version,
                  .position = loaded.info.position});
  }

  void flush_snapshots() { saver_.flush(); }

  LoadStats stats() const {
    const auto counts = saver_.counts();
    return {.loads = loads_,
            .events_folded = events_folded_,
            .snapshot_hits = snapshot_hits_,
            .snapshots_saved = counts.saved,
            .snapshots_ignored = snapshots_ignored_,
            .snapshots_dropped = counts.dropped};
  }

 private:
  bool start_from_snapshot(LoadedState& loaded, std::string_view stream) {
    const FoldType& type = loaded.state.type();
    if (options_.snapshots.every == 0 || type.table == nullptr) return false;
    auto found = store_.load_snapshot(stream, loaded.info.cut.position, type.fingerprint());
    if (!found) {
      ++snapshots_ignored_;
      return false;
    }
    if (!*found) return false;
    const Snapshot& snapshot = **found;
    if (!internal::read_state(snapshot.data, loaded.state)) {
      ++snapshots_ignored_;
      loaded.state = AnyState(type);
      return false;
    }
    ++snapshot_hits_;
    loaded.info.version = snapshot.version;
    loaded.info.position = snapshot.position;
    loaded.info.snapshot_used = true;
    loaded.snapshot = snapshot.version;
    return true;
  }

  // The events of `stream` after those that `loaded` has, up to `position`.
  Result<std::unique_ptr<Cursor>> read_on(const LoadedState& loaded, std::string_view stream,
                                          GlobalPosition position) const {
    return store_.read({.query = Query::stream(std::string(stream)),
                        .start = loaded.info.version ? Start::after(*loaded.info.version)
                                                     : Start::at_end_of_direction(),
                        .as_of = AsOf::position(position)});
  }

  Result<void> fold_all(Cursor& cursor, LoadedState& loaded) {
    const FoldType& type = loaded.state.type();
    for (;;) {
      auto events = cursor.next();
      if (!events) return std::move(events).error();
      if (events->empty()) return {};
      for (const RecordedEvent& event : *events) {
        auto folded = internal::fold_event(type, options_.upcasters, event, loaded.state.data());
        if (!folded) return folded;
      }
      loaded.info.version = events->back().version;
      loaded.info.position = events->back().position;
      loaded.info.events_folded += events->size();
      events_folded_ += events->size();
    }
  }

  EventStore& store_;
  LoaderOptions options_;
  internal::SnapshotSaver saver_;
  std::atomic<std::uint64_t> loads_ = 0;
  std::atomic<std::uint64_t> events_folded_ = 0;
  std::atomic<std::uint64_t> snapshot_hits_ = 0;
  std::atomic<std::uint64_t> snapshots_ignored_ = 0;
};

StateLoader::StateLoader(EventStore& store, LoaderOptions options)
    : impl_(std::make_unique<Impl>(store, std::move(options))) {}
StateLoader::~StateLoader() = default;

EventStore& StateLoader::store() const noexcept { return impl_->store(); }

Result<LoadedState> StateLoader::load(const FoldType& type, std::string_view stream, AsOf as_of) {
  return impl_->load(type, stream, as_of);
}

Result<LoadedState> StateLoader::load(const FoldType& type, std::string_view stream,
                                      StreamVersion version) {
  return impl_->load(type, stream, version);
}

Result<void> StateLoader::catch_up(LoadedState& loaded, std::string_view stream,
                                   GlobalPosition position) {
  return impl_->catch_up(loaded, stream, position);
}

Result<LoadedState> StateLoader::fold(const FoldType& type, const Query& query, AsOf as_of) {
  return impl_->fold(type, query, as_of);
}

void StateLoader::offer_snapshot(LoadedState& loaded, std::string_view stream) {
  impl_->offer_snapshot(loaded, stream, false);
}

void StateLoader::flush_snapshots() { impl_->flush_snapshots(); }

LoadStats StateLoader::stats() const { return impl_->stats(); }

}  // namespace annals
