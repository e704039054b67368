/// @file
/// Events that a projection could not fold, kept beside the rows until they are tried again or
/// skipped. docs/explanation/projections.md tells how.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/position.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/projections/row.hpp>

namespace annals {

class ReadTransaction;

/// A row of a read model by its table and its key as text: the value of a key of one column,
/// "account-1"; of several a JSON array of texts, ["Ada","a"].
struct ParkedRow {
  std::string table;
  std::string key;

  bool operator==(const ParkedRow&) const = default;
};

/// What is to become of parked events, once whoever projects comes to it.
enum class ParkedWish : std::uint8_t {
  none,
  retry,     ///< Fold the key's events in order, as far as they go.
  skip,      ///< Leave the first one out, then as retry.
  skip_all,  ///< Leave out all that are parked for the key now.
};
/// "", "retry", "skip", "skip_all".
std::string_view to_string(ParkedWish wish) noexcept;

/// One event that is parked for one row.
struct ParkedEvent {
  ParkedRow row;
  /// Of the row's key: tells which partition it falls to.
  std::uint64_t key_hash = 0;
  GlobalPosition position;
  std::string failure = {};  ///< Why it could not be folded; empty: it waits behind an earlier one.
  std::uint32_t tries = 0;   ///< 0: it waits.
  ParkedWish wish = ParkedWish::none;
  bool skipped = false;       ///< Left out for good; kept for the record.
  Timestamp parked_at = {};   ///< By the clock of the read model's store, which sets it.
  Timestamp skipped_at = {};  ///< Likewise; if it is skipped.
};

/// A row whose events are parked: from the first one on, all of them.
struct ParkedKey {
  std::string projection;
  ParkedRow row;
  std::uint64_t key_hash = 0;  ///< As ParkedEvent::key_hash.
  std::uint64_t events = 0;
  GlobalPosition first_position;  ///< Of the event that could not be folded.
  std::string failure;            ///< Why.
  std::uint32_t tries = 0;
  Timestamp since = {};
  ParkedWish wish = ParkedWish::none;
};

/// How much a projection (of one that is split, each partition) may park before it halts.
struct ParkedLimits {
  std::uint64_t keys = 1'000;
  std::uint64_t events = 100'000;  ///< Of all keys; each takes some hundred bytes in the database.
};

/// The key of a row as a ParkedRow has it. Errors: invalid_argument (no column can hold it).
Result<std::string> key_text(const TableType& table, const void* row);

/// All keys that are parked in a read model, or those of one projection, by the position of their
/// first events; of the same moment as the transaction's rows. Errors: unavailable.
Result<std::vector<ParkedKey>> parked_keys(ReadTransaction& transaction,
                                           std::string_view projection = {});

/// Those keys of a projection for which something is wished. Errors: unavailable.
Result<std::vector<ParkedKey>> keys_with_wishes(ReadTransaction& transaction,
                                                std::string_view projection);

/// One row, if it is parked. Nothing: the row has all events up to its projection's position.
Result<std::optional<ParkedKey>> parked_key(ReadTransaction& transaction, const ParkedRow& row);

/// What a wish for a row comes to that is not parked.
Error nothing_parked(std::string_view projection, const ParkedRow& row);

/// The events parked for a key of a projection, in their order. Errors: unavailable.
Result<std::vector<ParkedEvent>> parked_events(ReadTransaction& transaction,
                                               std::string_view projection, const ParkedRow& row);

/// The events of a projection that were skipped, in their order.
Result<std::vector<ParkedEvent>> skipped_events(ReadTransaction& transaction,
                                                std::string_view projection);

}  // namespace annals
