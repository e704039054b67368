#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <annals/eventstore/stats.hpp>
#include <annals/postgres/parameters.hpp>
#include <annals/postgres/rows.hpp>

#include "attempt.hpp"
#include "schema_name.hpp"

namespace annals::internal {

/// What append() in the database says of one append. Values are its own.
enum class AppendOutcome : std::uint8_t {
  accepted = 0,
  repeated = 1,            ///< Its id is recorded.
  given_up = 2,            ///< find_append() has said since that there is none.
  clock_behind = 3,        ///< Detail: the clock.
  known_too_far = 4,       ///< A known_at is too far beyond the clock.
  unexpected_version = 5,  ///< Detail: which check; actual: the last version, -1 if none.
  condition_beyond = 6,    ///< Detail: which condition; actual: the head.
  condition_failed = 7,    ///< Detail: which condition; actual: the match.
};

/// One call of append(): a group of appends as arrays, and what the answer says of each. How it is
/// used: add() while it takes them, run sql() with parameters(), then settle() with the answer.
class AppendCall {
 public:
  struct Rules {
    std::chrono::microseconds max_clock_skew;
    bool accept_clock_behind = false;
    std::optional<Timestamp> now = {};  // Absent: the server's clock.
  };

  /// Takes `attempt` into the group, unless the group is full or the attempt must see its outcome.
  /// REQUIRES: `attempt` stays alive and in place. The first one is always taken.
  bool add(Attempt& attempt);

  std::span<Attempt* const> attempts() const { return attempts_; }

  static std::string sql(const SchemaName& schema);
  postgres::Parameters parameters(const Rules& rules) const;

  struct Answer {
    std::vector<Attempt*> repeated;  ///< Not settled: their first receipts must be looked up.
    std::uint64_t attempt_now = 0;
    std::optional<Head> written;  ///< The head after the group, if it wrote anything ...
    GlobalPosition last_append;   ///< ... and where its last append begins.
  };
  /// Settles all but repeats with receipts and errors.
  Answer settle(const postgres::Rows& rows, const Rules& rules, const StoreId& store, Era era);

 private:
  using Array = postgres::ArrayParameter;

  std::size_t stream_number(const std::string& name);
  void add_event(const AppendRequest& request, const Digest& content, std::size_t index);
  void add_condition(const AppendCondition& condition, std::size_t events_before);

  std::vector<Attempt*> attempts_;
  std::unordered_set<AppendId> ids_;
  std::unordered_map<std::string_view, std::size_t> stream_numbers_;
  std::vector<std::size_t> event_streams_;
  std::vector<std::int64_t> stream_events_;  // Of the group, by the stream's number less one.
  std::vector<const NewEvent*> events_;
  std::uint64_t bytes_ = 0;
  std::size_t conditions_ = 0;
  std::uint64_t oldest_attempt_ = UINT64_MAX;

  Array stream_names_{Array::Type::text}, a_attempt_{Array::Type::bigint},
      a_asked_{Array::Type::integer};
  Array a_id_{Array::Type::uuid}, a_digest_{Array::Type::uuid}, a_bytes_{Array::Type::integer},
      a_known_{Array::Type::bigint}, a_events_{Array::Type::integer},
      a_begin_{Array::Type::integer}, a_checks_{Array::Type::integer},
      a_conditions_{Array::Type::integer};
  Array c_stream_{Array::Type::integer}, c_before_{Array::Type::integer},
      c_kind_{Array::Type::integer}, c_version_{Array::Type::bigint};
  Array k_after_{Array::Type::bigint}, k_items_{Array::Type::integer},
      k_matches_{Array::Type::integer};
  Array i_streams_{Array::Type::text}, i_categories_{Array::Type::text},
      i_types_{Array::Type::text}, i_tags_{Array::Type::text};
  Array g_event_{Array::Type::integer};
  Array e_stream_{Array::Type::integer}, e_turn_{Array::Type::integer}, e_hash_{Array::Type::bytes},
      e_id_{Array::Type::uuid}, e_id_given_{Array::Type::boolean}, e_type_{Array::Type::text},
      e_schema_{Array::Type::bigint}, e_content_{Array::Type::smallint},
      e_known_{Array::Type::bigint}, e_effective_{Array::Type::bigint}, e_tags_{Array::Type::text},
      e_correlation_{Array::Type::text}, e_causation_{Array::Type::text},
      e_actor_{Array::Type::text}, e_trace_{Array::Type::text}, e_origin_store_{Array::Type::uuid},
      e_origin_position_{Array::Type::bigint}, e_metadata_{Array::Type::bytes},
      e_data_{Array::Type::bytes};
  Array t_event_{Array::Type::integer}, t_tag_{Array::Type::text};
};

}  // namespace annals::internal
