#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <annals/eventstore/log_event_store.hpp>

#include "attempt.hpp"
#include "frame_writer.hpp"
#include "group_view.hpp"
#include "manifest.hpp"
#include "mark.hpp"
#include "planted_bug.hpp"
#include "prepared_append.hpp"
#include "segment.hpp"

namespace annals::internal {

/// One frame, from its first attempt until it is synced.
struct CommitGroup {
  std::vector<Attempt*> attempts;  // Attempts in_group, in order.
  // Those that were refused for what it, or one in flight when it was formed, may write.
  std::vector<Attempt*> refused;
  std::unordered_set<AppendId> ids;
  Result<Timestamp> time = Timestamp{};
  Head head;                      // Behind it.
  std::uint64_t frame_bytes = 0;  // Once it is written.
};

/// The writing half of the log as a machine that is stepped: no threads, no waiting. Groups appends
/// into frames, and knows when they are durable.
///
///   step(): check, encode and write one group   →   sync()   →   synced(): decide the outcomes
///
/// The caller makes the group visible after synced() and before the next step(). While a group is
/// being synced the next one can be formed in memory already: step_ahead(). No more than one group
/// is ever written and not synced.
class LogWriter {
 public:
  struct Position {
    Manifest manifest;
    MarkFile mark;
    std::uint64_t offset = 0;  ///< Where the next frame goes, in the active segment.
    Head head;
    Timestamp last_recorded_at;
  };

  LogWriter(const LogOptions& options, const Index& index, SegmentSet& segments, Position position,
            PlantedBug bug);

  /// Takes attempts from the front for as long as they fit one group, and returns how many it took.
  /// Each of them is then settled, a repeat, or in the group. Looks no further than the index and
  /// the active segment. REQUIRES: the first ones are those that step_ahead() took, if it did.
  std::size_t step(std::span<Attempt* const> attempts);

  /// Whether the last step wrote something that synced() must be told about.
  bool has_group() const { return !in_flight_.attempts.empty(); }

  /// Between step() and synced(): lets the disk begin, and takes attempts into the next group
  /// meanwhile, from the front, no more bytes of them than are being synced. Returns how many. None
  /// of them may be answered before the next step().
  std::size_t step_ahead(std::span<Attempt* const> attempts);

  /// Makes the group durable as the store's durability asks.
  Result<void> sync();

  /// The outcome of sync(): settles the attempts in the group.
  void synced(const Result<void>& result);

  /// Says in the mark, and makes durable, how far the log is. At a clean close.
  Result<void> close();

  /// Nothing is written any more, for this reason; what was formed and not written is refused. Not
  /// between step() and synced().
  void end(const Error& why);

  /// Why nothing can be written any more, or empty.
  const std::string& failure() const { return failure_; }
  const Manifest& manifest() const { return manifest_; }
  /// Of all frames and segment headers.
  std::uint64_t log_bytes() const;

 private:
  Error stopped() const;
  void settle(Attempt& attempt, Error error);
  bool in_flight() const { return in_flight_.frame_bytes > 0; }
  void begin_group();
  void prefetch(const Attempt& attempt) const;
  bool take(Attempt& attempt);
  /// What `group` was formed from is not written: nobody may be refused for it.
  void take_back_refusals(CommitGroup& group, const Error& why);
  /// Writing has ended: nothing of the group that is being formed will be written.
  void drop_formed();
  /// Makes room for an append of `bytes` if the frame is empty; false: it goes into a later group.
  Result<bool> make_room(std::size_t bytes);
  Result<void> roll_over(std::uint64_t bytes);
  void write_frame();
  void zero_ahead(std::uint64_t end, std::size_t frame_bytes);
  Mark mark_here() const;
  Receipt receipt(const Attempt& attempt) const;

  const LogOptions options_;
  const Index& index_;
  SegmentSet& segments_;
  const PlantedBug bug_;
  Manifest manifest_;
  MarkFile mark_;
  Segment active_;
  std::uint64_t offset_;
  std::uint64_t zeroed_to_;  // Blocks of the active segment up to here have been written once.
  Head head_;                // Durable.
  Timestamp last_recorded_at_;
  const std::array<std::uint8_t, 16> boot_;
  std::string failure_;

  GroupView view_;
  FrameWriter frame_;                   // Of the group that is being formed.
  std::optional<CommitGroup> forming_;  // Begun by step_ahead(), or for the length of a step().
  std::uint64_t frame_offset_ = 0;      // Where its frame goes.
  std::size_t taken_ahead_ = 0;         // Attempts that step_ahead() took.
  CommitGroup in_flight_;               // Written, until synced() has been told.
};

}  // namespace annals::internal
