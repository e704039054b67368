#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <annals/eventstore/position.hpp>
#include <annals/eventstore/result.hpp>

#include "append_entry.hpp"
#include "key_hash.hpp"
#include "posting_list.hpp"

namespace annals::internal {

/// The index of one run of the log: of a segment, or of all there is in memory. Positions in it are
/// counted from its first, so 32 bits hold them.
///
/// What is declared below ready() may be called only once that has succeeded.
class IndexPart {
 public:
  virtual ~IndexPart() = default;

  /// Of the segment.
  virtual std::uint64_t number() const = 0;
  virtual GlobalPosition first() const = 0;
  /// Before first() if there is nothing in it.
  virtual GlobalPosition last() const = 0;
  virtual std::uint32_t append_count() const = 0;
  /// Streams whose first event is here.
  virtual std::uint64_t streams_begun() const = 0;
  /// False: no event of the part has this key.
  virtual bool may_have(const KeyHash&) const { return true; }
  /// False: no append of the part has an id with this hash.
  virtual bool may_have_append(const AppendId&, std::uint64_t) const { return true; }

  /// Makes sure that the rest can be trusted. Errors: corrupt, unavailable.
  virtual Result<void> ready() const { return {}; }

  struct Found {
    PostingList postings;
    StreamVersion base;  ///< Of a stream: the version of the first one.
  };
  virtual std::optional<Found> find(KeyKind kind, std::string_view name,
                                    const KeyHash& hash) const = 0;
  /// Records that are no events.
  virtual PostingList not_events() const = 0;
  /// Where the record lies, as the engine noted it.
  virtual std::uint32_t offset(std::uint32_t position) const = 0;
  /// REQUIRES: ordinal < append_count()
  virtual AppendSpot append(std::uint32_t ordinal) const = 0;
  /// Appends whose ids may have this hash: those that do, and rarely another.
  virtual void appends_with(std::uint64_t id_hash, std::vector<std::uint32_t>& ordinals) const = 0;
  /// Is given every stream and the versions of its first and last event here.
  using EachStream =
      std::function<void(std::string_view name, StreamVersion first, StreamVersion last)>;
  virtual void each_stream(const EachStream& each) const = 0;

  /// The append that holds a position of the part.
  std::uint32_t append_holding(std::uint32_t position) const;
  /// How many appends were recorded at `time` or before.
  std::uint32_t appends_until(Timestamp time) const;
};

}  // namespace annals::internal
