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

namespace annals::internal {

/// Folds one run of events into the rows of one partition: decodes them, collects their keys, loads
/// the rows, folds in memory, and tells what is to be written. Used once.
class BatchFold {
 public:
  /// All must outlive it.
  BatchFold(const ProjectionType& projection, const Upcasters& upcasters, Partition partition = {});

  /// Adds the next event, in position order. `event` must stay valid until the end.
  ///
  /// Errors: unsupported, corrupt, with the event's position.
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

 private:
  using Object = std::unique_ptr<void, void (*)(void*)>;

  /// A row of the batch.
  struct Entry {
    Object row;
    bool in_table = false;  ///< Before the batch.
    bool present = false;   ///< As folded so far.
    bool touched = false;
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

  Result<void> collect_keys(const RowSlot& slot, std::size_t table, std::size_t event);
  Result<void> apply(const Step& step);
  Result<void> start_anew(const TableType& type, Entry& entry);

  const ProjectionType& projection_;
  const Upcasters& upcasters_;
  const Partition partition_;
  std::vector<const EventType*> types_;
  std::vector<TableRows> tables_;
  std::vector<Decoded> decoded_;
  std::vector<Step> steps_;
  std::vector<SqlStep> sql_steps_;
  std::size_t events_ = 0;
};

}  // namespace annals::internal
