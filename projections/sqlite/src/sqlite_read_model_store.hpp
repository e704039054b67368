#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/projections/commit_watch.hpp>
#include <annals/projections/read_model_store.hpp>

#include "database.hpp"

namespace annals::sqlite_rows {

class SqliteReadModelStore final : public ReadModelStore {
 public:
  /// `shadowed`: the store that this is a shadow of, if any; `open_mark` lives as long as it does.
  explicit SqliteReadModelStore(std::unique_ptr<Database> database,
                                const ReadModelStore* shadowed = nullptr,
                                std::shared_ptr<const void> open_mark = {});

  std::string name() const override { return database_->name(); }
  Result<Claim> claim(const ProjectionType& projection, Partition partition, const Holder& holder,
                      std::chrono::milliseconds lease) override;
  Result<void> ask_for(std::string_view projection, Partition partition, const Holder& holder,
                       std::chrono::milliseconds patience) override;
  Result<CheckpointRecord> renew(const Claim& claim, std::chrono::milliseconds lease) override;
  Result<void> release(const Claim& claim) override;
  Result<void> load(const TableType& table, std::span<RowToLoad> rows) override;
  Result<CheckpointRecord> commit(const ProjectedBatch& batch) override;
  Result<void> halt(const Claim& claim, const std::string& failure) override;
  Result<void> set_paused(std::string_view projection, bool paused) override;
  Result<void> clear_failure(std::string_view projection) override;
  Result<std::uint64_t> wish_parked(std::string_view projection,
                                    const std::optional<ParkedRow>& row, ParkedWish wish) override;
  Result<std::vector<CheckpointRecord>> records() const override;
  Result<std::unique_ptr<ReadTransaction>> read() const override;
  Result<std::optional<CheckpointRecord>> wait(
      std::string_view projection, GlobalPosition position,
      std::chrono::steady_clock::time_point deadline) const override;
  bool awaited(std::string_view projection) const override { return watch_.awaited(projection); }
  Result<std::unique_ptr<ReadModelStore>> open_shadow(const ProjectionType& projection) override;
  Result<void> swap_in(const ProjectionType& projection, ReadModelStore& shadow,
                       SwapOptions options) override;
  Result<void> drop_shadow(const ProjectionType& projection) override;

 private:
  /// Runs `body` in a transaction that has the write lock, and commits it. `body` is given the
  /// connection and returns a Result; an error undoes everything.
  template <typename Body>
  auto write(Body body) -> decltype(body(std::declval<Connection&>()));
  template <typename Body>
  auto write(Connection& connection, Body body) -> decltype(body(connection));
  /// What a failed attempt to take the write lock means: "blocked by pid N", if it is held.
  Error blocked(Connection& connection, Error error) const;
  /// The record if `claim` still holds. Errors: wrong_expected_version.
  Result<CheckpointRecord> claimed(Connection& connection, const Claim& claim) const;
  Result<void> change_record(std::string_view projection, void (*change)(CheckpointRecord&, bool),
                             bool value);
  std::string shadow_path(const ProjectionType& projection) const;
  /// Errors: unavailable (another process is at work on it).
  Result<void> remove_shadow(const ProjectionType& projection) const;
  Result<void> swap(const ProjectionType& projection, SqliteReadModelStore& shadow,
                    SwapOptions options, Connection& target, bool attached);
  Result<std::vector<CheckpointRecord>> partitions(std::string_view projection) const;
  /// Wakes who waits for the projection of a record that was committed.
  void tell(const CheckpointRecord& record);

  const std::shared_ptr<const void> open_mark_;
  const std::unique_ptr<Database> database_;
  const ReadModelStore* const shadowed_;
  mutable CommitWatch watch_;
};

template <typename Body>
auto SqliteReadModelStore::write(Body body) -> decltype(body(std::declval<Connection&>())) {
  auto connection = database_->writer();
  if (!connection) return std::move(connection).error();
  return write(**connection, std::move(body));
}

template <typename Body>
auto SqliteReadModelStore::write(Connection& connection, Body body) -> decltype(body(connection)) {
  if (auto begun = connection.begin_writing(); !begun) {
    return blocked(connection, std::move(begun).error());
  }
  auto result = body(connection);
  if (!result) {
    connection.roll_back();
    return result;
  }
  if (auto committed = connection.commit(); !committed) {
    const bool full = connection.is_full();
    Error error = std::move(committed).error();
    connection.roll_back();
    // The mark of a commit may stand in the file all the same, and be found by whoever opens it
    // next; not if there was no room for it.
    if (error.code == ErrorCode::unavailable && !full) error.code = ErrorCode::outcome_unknown;
    return error;
  }
  return result;
}

/// Makes the projection's tables. Errors: invalid_argument (a table of that name is there).
Result<std::vector<std::string>> create_tables(Connection& connection,
                                               const ProjectionType& projection);

/// In a transaction of `target`: puts the tables that `record` (of `source`) lists in the place of
/// `replaced`. `attached`: the database of `source` is attached to `target` as `rebuilt`.
Result<void> copy_tables(Connection& source, Connection& target, const CheckpointRecord& record,
                         const std::vector<std::string>& replaced, bool attached);

}  // namespace annals::sqlite_rows
