/// @file
/// Where rows live: the door that every database for read models implements.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/projections/checkpoint_record.hpp>
#include <annals/projections/parked.hpp>
#include <annals/projections/partition.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/row.hpp>
#include <annals/projections/sql.hpp>

namespace annals {

/// The right to project a partition, until somebody else takes it: `epoch` fences every commit.
struct Claim {
  std::string projection;
  Partition partition;
  std::uint64_t epoch = 0;
  Holder holder;
};

/// A row to be read: its key fields are set; the others are filled in if the table has it.
struct RowToLoad {
  void* row = nullptr;
  bool found = false;
};

/// What one batch comes to in one table. Rows point to objects of the table's row type.
struct TableChange {
  const TableType* table = nullptr;
  std::vector<const void*> written = {};  ///< Inserted, or in place of the row with that key.
  std::vector<const void*> erased = {};   ///< Their keys; a row that is not there is no error.
};

/// One batch, to be made true in one transaction.
struct ProjectedBatch {
  Claim claim;
  std::optional<Checkpoint> before;  ///< Where the checkpoint stood when the rows were loaded.
  Checkpoint after;
  std::string cursor = {};
  std::vector<TableChange> changes = {};
  /// Hand-written SQL, run after the rows are written; an error undoes everything.
  std::function<Result<void>(Sql&)> sql = {};
  /// Events to be kept as parked, in place of what is kept of them. Times are the store's; the wish
  /// is the one that was seen: it is cleared, unless there is another by now.
  std::vector<ParkedEvent> parked = {};
  /// Events that are parked no longer, by row and position.
  std::vector<ParkedEvent> unparked = {};
  /// How much longer the lease holds from now.
  std::chrono::milliseconds lease = std::chrono::seconds(10);
};

/// A moment of the read model: rows and checkpoints agree, whatever is written meanwhile. Belongs
/// to one thread at a time; end it soon, and before its store.
class ReadTransaction {
 public:
  virtual ~ReadTransaction() = default;

  /// Of its partitions, in their order; none if the store does not know the projection. whole_of
  /// tells what they come to.
  virtual Result<std::vector<CheckpointRecord>> records(std::string_view projection) = 0;

  /// Rows of a table in the order of its columns. `tail` is what follows the table's name in a
  /// select: "WHERE owner = ?1 ORDER BY balance_minor DESC LIMIT 10", or nothing.
  ///
  /// Errors: invalid_argument (the tail is not understood; no such table), unavailable.
  virtual Result<void> rows(const TableType& table, std::string_view tail,
                            std::span<const Cell> arguments, const CellsVisitor& visit) = 0;

  /// For selects of your own; what would write is refused.
  virtual Sql& sql() = 0;
};

struct SwapOptions {
  /// No partition of what is replaced may have come further than the shadow.
  bool only_if_caught_up = true;
  /// Partitions from now on. 0: as many as before; one, if the projection was not there.
  std::uint32_t partitions = 0;
};

/// A database of read models: the tables of any number of projections, with their checkpoints.
///
/// Thread-safe: any member function may be called from any thread. Several processes may have one
/// database open at the same time. docs/explanation/projections.md tells how an event comes to
/// count once.
class ReadModelStore {
 public:
  virtual ~ReadModelStore() = default;

  /// What it is, for messages: "SQLite file bank-data/read-models.db".
  virtual std::string name() const = 0;

  /// Takes the right to project a partition, and raises its epoch: whoever had it can commit
  /// nothing any more. Makes the tables, and the records of all partitions, if the projection is
  /// new here. A lease that has not run out is respected, unless its holder is `holder` itself or
  /// is known to be dead (may_be_alive); so is who has asked for it.
  ///
  /// Errors: unavailable (somebody else holds the lease or has asked for it, or holds the
  /// database's write lock: "blocked by pid N"), unsupported (the rows were made by another
  /// definition: rebuild), invalid_argument (the projection is split into another number of
  /// partitions, or cannot be split; the database refuses the tables).
  virtual Result<Claim> claim(const ProjectionType& projection, Partition partition,
                              const Holder& holder, std::chrono::milliseconds lease) = 0;

  /// Asks whoever holds the partition to give it back to `holder`, for as long as `patience`: he
  /// sees it in the record that renew or commit returns. A claim ends it.
  ///
  /// Errors: unavailable (somebody else has asked for it), invalid_argument (no such partition).
  virtual Result<void> ask_for(std::string_view projection, Partition partition,
                               const Holder& holder, std::chrono::milliseconds patience) = 0;

  /// Holds the lease for longer; returns the record. Errors: wrong_expected_version (the claim was
  /// taken over), unavailable.
  virtual Result<CheckpointRecord> renew(const Claim& claim, std::chrono::milliseconds lease) = 0;

  /// Gives the lease back, if it is still ours. Errors: unavailable.
  virtual Result<void> release(const Claim& claim) = 0;

  /// Reads the rows with these keys. Takes no write lock. Errors: unavailable, corrupt (what stands
  /// in the table is no such row).
  virtual Result<void> load(const TableType& table, std::span<RowToLoad> rows) = 0;

  /// Writes rows, SQL and checkpoint in one transaction, if the claim still holds and the
  /// checkpoint stands where the batch says. Returns the record as it is then.
  ///
  /// Errors: wrong_expected_version (taken over: nothing was written), unavailable,
  /// outcome_unknown (the commit's answer was lost: read the record again), what `sql` returned,
  /// invalid_argument (a value no column can hold).
  virtual Result<CheckpointRecord> commit(const ProjectedBatch& batch) = 0;

  /// Records that the projection has halted, and why. Errors: as renew.
  virtual Result<void> halt(const Claim& claim, const std::string& failure) = 0;

  /// Whether it is to rest, all of it: any runner of any process obeys, within a second. Errors:
  /// invalid_argument (no such projection), unavailable.
  virtual Result<void> set_paused(std::string_view projection, bool paused) = 0;

  /// Forgets why its partitions have halted, so that a runner tries again. Errors: as set_paused.
  virtual Result<void> clear_failure(std::string_view projection) = 0;

  /// Notes what is to become of parked events of a projection, of all keys or of `row` (its table
  /// may be left empty); returns of how many keys. Whoever projects does it: within a second, or
  /// when he begins.
  ///
  /// Errors: invalid_argument (no such projection; nothing is parked for that row), unavailable.
  virtual Result<std::uint64_t> wish_parked(std::string_view projection,
                                            const std::optional<ParkedRow>& row,
                                            ParkedWish wish) = 0;

  /// The partitions of all projections, by name and in their order.
  virtual Result<std::vector<CheckpointRecord>> records() const = 0;

  virtual Result<std::unique_ptr<ReadTransaction>> read() const = 0;

  /// Waits until every partition of the projection has reached `position`, or one that has not has
  /// halted, or the time is over, and returns what they come to then (whole_of); nothing if there
  /// are none by then. Woken by commits, of other processes too; does not poll for each waiter.
  virtual Result<std::optional<CheckpointRecord>> wait(
      std::string_view projection, GlobalPosition position,
      std::chrono::steady_clock::time_point deadline) const = 0;

  /// Whether somebody in this process waits for the projection: progress without rows is then worth
  /// a commit at once.
  virtual bool awaited(std::string_view projection) const = 0;

  /// A place of its own to build the projection's tables anew, as one partition, found again if a
  /// rebuild was interrupted and the definition is still the same. Readers of this store do not see
  /// it.
  ///
  /// Errors: unavailable.
  virtual Result<std::unique_ptr<ReadModelStore>> open_shadow(const ProjectionType& projection) = 0;

  /// Puts the shadow's tables in the place of the projection's, and its checkpoint in that of every
  /// partition, in one transaction, and raises their epochs. Readers see the old ones or the new
  /// ones.
  ///
  /// Errors: wrong_expected_version (the shadow has not come as far as what it replaces: go on and
  /// try again), unavailable, invalid_argument (not a shadow of this store; the projection cannot
  /// be split so).
  virtual Result<void> swap_in(const ProjectionType& projection, ReadModelStore& shadow,
                               SwapOptions options) = 0;

  /// Removes a shadow. Errors: unavailable.
  virtual Result<void> drop_shadow(const ProjectionType& projection) = 0;
};

/// For those who implement the door: whether a partition may be claimed, as far as the projection
/// goes. `found`: a record of the projection; none: it is new there. `place`: ReadModelStore::name.
///
/// Errors: unsupported (another definition), invalid_argument (another number of partitions; it
/// cannot be split).
Result<void> check_definition(const ProjectionType& projection, Partition partition,
                              const CheckpointRecord* found, std::string_view place);
/// As above, as far as others go. Errors: unavailable (somebody else holds it or has asked for it).
Result<void> check_free(const CheckpointRecord& record, const Holder& holder);
/// Whether `holder` may ask for it. Errors: unavailable (somebody else has).
Result<void> check_not_asked_for(const CheckpointRecord& record, const Holder& holder);
/// Whether the record is still as the claim has left it.
bool holds(const Claim& claim, const CheckpointRecord& record);
/// That it is not: wrong_expected_version. `now`: how it is; none: the projection is gone.
Error taken_over(const Claim& claim, const CheckpointRecord* now);
/// That the checkpoint does not stand where the batch begins: wrong_expected_version.
Error moved_on(const ProjectedBatch& batch, const CheckpointRecord& now);
/// invalid_argument.
Error unknown_projection(std::string_view projection, const Partition* partition = nullptr);
/// Makes `made`, a shadow's record, that of the first partition of what takes the place of `old`;
/// those of the other partitions differ by their index.
///
/// Errors: as swap_in.
Result<void> replace_records(const ProjectionType& projection, SwapOptions options,
                             std::span<const CheckpointRecord> old, CheckpointRecord& made);

}  // namespace annals
