/// @file
/// Door of eventstore/: append events to streams, read them back, follow them, prove them.

#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/event_source.hpp>
#include <annals/eventstore/limits.hpp>
#include <annals/eventstore/read.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/snapshot.hpp>
#include <annals/eventstore/stats.hpp>
#include <annals/eventstore/subscription.hpp>
#include <annals/eventstore/verify.hpp>

namespace annals {

/// An append-only log of events, cut into named streams.
///
/// Thread-safe: any member function may be called from any thread at any time. Streams need no
/// creation: the first append makes one. Cursors and subscriptions must end before their store
/// does. docs/explanation/log.md tells how order and durability come about.
class EventStore : public EventSource {
 public:
  /// Writes the request's events, all or none, in the order given, if every check and condition
  /// holds. When it returns, the events are durable (see Stats::durability) and every later read
  /// sees them. The id is looked up first: if an earlier append had it, that one's receipt comes
  /// back, marked `repeated`, and nothing is checked or written. Without events it verifies its
  /// checks and conditions, keeps nothing, and its receipt is the head.
  ///
  /// Errors: wrong_expected_version, condition_failed, invalid_argument, unavailable (a full disk,
  /// a clock far behind the last event, a store that has failed), outcome_unknown (the sync
  /// failed).
  virtual Result<Receipt> append(AppendRequest request) = 0;

  /// As append(), without waiting: thousands can be in flight from one thread. `completion` is
  /// called exactly once, on a thread of the store's, in position order, and must not block or call
  /// append(). Blocks only while too many bytes are in flight. Appends from one thread take effect
  /// in the order of the calls.
  virtual void append_async(AppendRequest request, AppendCompletion completion) = 0;

  /// The receipt of the append with this id, marked `repeated`. "None" is answered only after every
  /// attempt with that id that began earlier has ended, so that it settles an `outcome_unknown`.
  ///
  /// Errors: unavailable (the store has failed and cannot tell until reopened), timeout, corrupt.
  virtual Result<std::optional<Receipt>> find_append(const AppendId& id) = 0;

  /// Starts a read. An unknown stream reads as empty.
  ///
  /// Errors: invalid_argument (a version start without exactly one stream), diverged (as of a
  /// position beyond the head; a start beyond it reads as empty), corrupt, unavailable.
  virtual Result<std::unique_ptr<Cursor>> read(ReadOptions options) const = 0;

  /// Who this store is, and its present era, as a token for the head.
  virtual Token token() const = 0;

  // Of EventSource, by reading.
  Result<std::optional<Timestamp>> waiting_since(GlobalPosition position) const override;
  Result<RecordedEvents> find(const Query& query,
                              std::span<const GlobalPosition> positions) const override;

  /// The last version of `stream`, or nothing if it has no events. Cheaper than a read.
  virtual Result<std::optional<StreamVersion>> stream_version(std::string_view stream) const = 0;

  /// The link of the append that holds `position`; of position 0, the store's first link.
  ///
  /// Errors: diverged (beyond the head), corrupt.
  virtual Result<Link> link_at(GlobalPosition position) const = 0;

  /// The append that holds `position`, as it was recorded.
  ///
  /// Errors: invalid_argument (position 0), diverged (beyond the head), corrupt.
  virtual Result<RecordedAppend> append_holding(GlobalPosition position) const = 0;

  /// The appends that hold the positions from `first` to `last`, in order and each once; none if
  /// `last` is before `first`. Cheaper than asking for each; the answer is as large as the range.
  ///
  /// Errors: those of append_holding().
  virtual Result<std::vector<RecordedAppend>> appends_holding(GlobalPosition first,
                                                              GlobalPosition last) const;

  /// Keeps a snapshot, beside or in place of earlier ones of its stream. A cache: not synced.
  ///
  /// Errors: invalid_argument (too large, or the stream has no such event), unavailable.
  virtual Result<void> save_snapshot(Snapshot snapshot) = 0;

  /// The newest snapshot of `stream` with this fingerprint at or before `at` that agrees with the
  /// log, or nothing.
  virtual Result<std::optional<Snapshot>> load_snapshot(std::string_view stream, GlobalPosition at,
                                                        std::uint64_t fingerprint) const = 0;

  /// Reads the range again from where it is stored and proves checksums, contents and links.
  ///
  /// Errors: diverged (a range beyond the head), unavailable. Damage is not an error: see the
  /// report.
  virtual Result<VerifyReport> verify(const VerifyOptions& options) const = 0;

  virtual Stats stats() const = 0;
  virtual Limits limits() const = 0;
};

/// All events of a read in one go. For tests, tools and streams known to be short.
Result<RecordedEvents> read_all(const EventStore& store, ReadOptions options);

}  // namespace annals
