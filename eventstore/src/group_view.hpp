#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "index.hpp"
#include "prepared_append.hpp"

namespace annals::internal {

/// The writer's view while it forms a group: the index, plus what is not visible to anyone yet:
/// the appends of the group so far, and those of the group before it while that is in flight. For
/// the thread that adds to the index.
class GroupView {
 public:
  explicit GroupView(const Index& index) : index_(index) { group_.begin(index.head()); }

  /// Begins the next group; all before it is visible or will never be.
  void begin();
  /// Begins the next group behind the present one, which is in flight.
  void begin_behind();
  /// What was in flight is visible.
  void landed() { in_flight_.begin({}); }

  Result<std::optional<StreamVersion>> last_version(std::string_view stream) const;
  GlobalPosition head() const { return group_.head(); }

  /// Whether the checks, the conditions and the claimed times of `append` hold here and now.
  ///
  /// Errors: wrong_expected_version, condition_failed, invalid_argument (a condition or known_at
  /// beyond what is possible), corrupt (what it has to look at cannot be read).
  Result<void> check(const PreparedAppend& append, Timestamp recorded_at,
                     std::chrono::microseconds max_clock_skew) const;

  /// Gives the append's events their versions, in order, and makes them seen by later checks of the
  /// group. `append` must stay alive and in place until the next group begins.
  ///
  /// Errors: corrupt; nothing has been added then.
  Result<void> add(PreparedAppend& append);

 private:
  Result<std::optional<StreamVersion>> last_version(std::string_view stream,
                                                    const KeyHash& hash) const;
  Result<std::optional<StreamVersion>> before_group(std::string_view stream,
                                                    const KeyHash& hash) const;
  /// Of what the condition asks about, beyond `seen_to`.
  Result<std::optional<GlobalPosition>> first_match(const AppendCondition& condition,
                                                    GlobalPosition seen_to) const;

  /// The ends of the streams that the group wrote to: a table that is cleared at little cost.
  class Ends {
   public:
    /// The place for a stream's next version; 0: it has none here.
    std::uint64_t& next_version(const KeyHash& stream);
    std::uint64_t find(const KeyHash& stream) const;
    void clear();

   private:
    struct Slot {
      KeyHash stream;
      std::uint64_t next = 0;
      bool used = false;
    };
    void grow();

    std::vector<Slot> slots_ = std::vector<Slot>(64);
    std::vector<std::uint32_t> used_;
  };

  struct Group {
    void begin(GlobalPosition head);
    GlobalPosition head() const { return {before.value + added}; }
    std::optional<GlobalPosition> first_match(const AppendCondition& condition,
                                              const KeyHasher& hasher);

    GlobalPosition before;
    std::uint64_t added = 0;
    Ends ends;
    std::vector<const PreparedAppend*> appends;
    // Of the group's events, for conditions; made only when one asks.
    std::unique_ptr<MemoryPart> postings;
    std::size_t appends_posted = 0;
  };

  const Index& index_;
  mutable Group group_;
  mutable Group in_flight_;  // Without appends: nothing is.
};

}  // namespace annals::internal
