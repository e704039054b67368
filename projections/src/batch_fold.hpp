#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <annals/codec/upcaster.hpp>
#include <annals/eventstore/event.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>

#include "parked_keys.hpp"
#include "row_key.hpp"

namespace annals::internal {

/// What becomes of events whose rows cannot be folded.
struct ParkingMode {
  /// Events of these keys are not folded, but queue up behind those that are parked. May be null.
  const ParkedKeys* keys = nullptr;
  /// A fold that fails ends for its row, not for the batch: its event is parked as tried so often.
  std::uint32_t park_after_tries = 0;  ///< 0: it ends the batch.
  /// Nothing else is folded. May be null.
  const ParkedRow* only = nullptr;
};

/// Folds one run of events into the rows of one partition: decodes them, collects their keys, loads
/// the rows, folds in memory, and tells what is to be written. Used once.
class BatchFold {
 public:
  /// All must outlive it.
  BatchFold(const ProjectionType& projection, const Upcasters& upcasters, Partition partition = {},
            ParkingMode parking = {});

  /// Adds the next event, in position order. `event` must stay valid until the end.
  ///
  /// Errors: unsupported, corrupt, with the event's position; invalid_argument, without (split by
  /// stream: a row is touched by events of two).
  Result<void> add(const RecordedEvent& event);

  /// Loads the rows and folds. Errors: of load; corrupt (evolve or drop threw, with the position).
  Result<void> fold(ReadModelStore& rows);

  /// REQUIRES: fold() has succeeded. Points into this object.
  std::vector<TableChange> changes() const;
  /// The hand-written SQL of these events; empty if there is none. Its errors carry the position of
  /// the event.
  std::function<Result<void>(Sql&)> sql() const;

  /// That touch rows of the partition, or are for hand-written SQL.
  std::size_t events() const noexcept { return events_; }

  /// Events that are to be parked, in position order.
  const std::vector<ParkedEvent>& parked() const noexcept { return parked_; }
  /// fold() failed at a row: it would be parked, if that were asked for.
  bool failed_at_a_row() const noexcept { return failed_at_a_row_; }

 private:
  using Object = std::unique_ptr<void, void (*)(void*)>;

  /// A row of the batch.
  struct Entry {
    Object row;
    bool in_table = false;  ///< Before the batch.
    bool present = false;   ///< As folded so far.
    bool touched = false;
    std::unique_ptr<const std::string> parked_as = {};  ///< Its key as text, if it is parked.
    std::uint64_t key_hash = 0;                         ///< Likewise.
    std::string_view stream = {};                       ///< Of the first event that touches it.

    void be_parked(std::string text, std::uint64_t hash) {
      parked_as = std::make_unique<const std::string>(std::move(text));
      key_hash = hash;
    }
  };
  struct TableRows {
    const TableType* type;
    Object scratch;
    std::unordered_map<std::string, std::size_t> by_key;
    std::vector<Entry> entries;
  };
  /// One event on its way into one row.
  struct Step {
    const RowSlot* slot;
    std::size_t table;
    std::size_t entry;
    std::size_t event;
  };
  struct SqlStep {
    const SqlSlot* slot;
    std::size_t event;
  };
  struct Decoded {
    AnyEvent event;
    const RecordedEvent* info;
  };
  class Keys;

  /// Tells the partition that has the key parked.
  std::uint64_t hash_of(std::string_view key) const;
  Result<void> collect_keys(const RowSlot& slot, std::size_t table, std::size_t event);
  Result<void> apply(const Step& step);
  Result<void> start_anew(const TableType& type, Entry& entry);
  Result<void> load(ReadModelStore& rows);
  /// Applies the step, or leaves the row as it was and parks the event.
  Result<void> apply_or_park(const Step& step);
  /// Whether the row can be written: it still has its key, and columns for all that it holds.
  Result<void> check_row(const Step& step, const void* before) const;
  void park(const Step& step, const std::string& failure);

  const ProjectionType& projection_;
  const Upcasters& upcasters_;
  const Partition partition_;
  const ParkingMode parking_;
  std::vector<const EventType*> types_;
  std::vector<TableRows> tables_;
  std::vector<Decoded> decoded_;
  std::vector<Step> steps_;
  std::vector<SqlStep> sql_steps_;
  std::size_t events_ = 0;
  std::vector<ParkedEvent> parked_;
  bool failed_at_a_row_ = false;
};

}  // namespace annals::internal
