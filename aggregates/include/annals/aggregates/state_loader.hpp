/// @file
/// Folds streams and queries into states, with snapshots. Compiled once for all types.

#pragma once

#include <memory>
#include <string_view>

#include <annals/aggregates/fold_type.hpp>
#include <annals/aggregates/snapshot_policy.hpp>
#include <annals/aggregates/state.hpp>
#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/eventstore/read.hpp>
#include <annals/eventstore/result.hpp>

namespace annals {

struct LoaderOptions {
  Upcasters upcasters = {};  ///< Copied: what is added later is not seen.
  SnapshotPolicy snapshots = {};
};

/// Loads states of any type from one store. Thread-safe. Snapshots are written by a thread of its
/// own, which starts with the first of them and ends with the loader; those still waiting then are
/// not saved. The store must outlive it.
///
/// A fold stops at the first event that it cannot apply, with the event's position in
/// Error::position: `corrupt` if the data is not that event or `evolve` threw (MoneyError
/// included), `unsupported` if the type is unknown to the state, or its schema version to the
/// program.
class StateLoader {
 public:
  explicit StateLoader(EventStore& store, LoaderOptions options = {});
  ~StateLoader();
  StateLoader(const StateLoader&) = delete;
  StateLoader& operator=(const StateLoader&) = delete;

  EventStore& store() const noexcept;

  /// The state of `stream` at a cut. An unknown stream is the initial state, without a version.
  ///
  /// Errors: corrupt, unsupported (see above), diverged (a position beyond the head), unavailable.
  Result<LoadedState> load(const FoldType& type, std::string_view stream, AsOf as_of);

  /// The state of `stream` after its event `version`.
  ///
  /// Errors: as load(), and invalid_argument if the stream has no such event yet.
  Result<LoadedState> load(const FoldType& type, std::string_view stream, StreamVersion version);

  /// Folds in what `stream` has got since `loaded`, up to and including `position`. After an error
  /// `loaded` is unspecified.
  ///
  /// Errors: as load().
  Result<void> catch_up(LoadedState& loaded, std::string_view stream, GlobalPosition position);

  /// The state folded from all events that `query` selects, in position order; `info.version` stays
  /// empty.
  ///
  /// Errors: as load().
  Result<LoadedState> fold(const FoldType& type, const Query& query, AsOf as_of);

  /// Says that `loaded` is the state of `stream` at its version; keeps a snapshot of it in the
  /// background if the policy calls for one. Costs a copy of the state then, and never waits.
  void offer_snapshot(LoadedState& loaded, std::string_view stream);

  /// Waits until all snapshots offered before are saved or dropped.
  void flush_snapshots();

  LoadStats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace annals
