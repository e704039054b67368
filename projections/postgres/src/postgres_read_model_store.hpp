#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/projections/commit_watch.hpp>
#include <annals/projections/read_model_store.hpp>

#include "commit_news.hpp"
#include "database.hpp"
#include "failures.hpp"

namespace annals::internal {

class PostgresReadModelStore final : public ReadModelStore {
 public:
  /// `shadowed`: the store that this is a shadow of, if any; `guard` is the session that keeps
  /// others from removing it.
  explicit PostgresReadModelStore(std::unique_ptr<Database> database,
                                  const ReadModelStore* shadowed = nullptr,
                                  std::unique_ptr<postgres::Connection> guard = nullptr);
  ~PostgresReadModelStore() override;

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
  using Transaction = postgres::Transaction;

  /// Runs `body` in a transaction and commits it. `body` is given the transaction and returns a
  /// Result; an error undoes everything. Errors: also outcome_unknown.
  template <typename Body>
  auto write(Body body) -> decltype(body(std::declval<Transaction&>()));
  /// As write(), where others' locks may be in the way: waits for them so many times. One whose
  /// lease has run out, or who is dead, is not waited for: his session is ended.
  template <typename Body>
  auto write_unblocked(std::string_view projection, std::optional<std::uint32_t> partition,
                       int tries, Body body) -> decltype(body(std::declval<Transaction&>()));
  template <typename Body>
  auto write_unblocked(const Claim& claim, Body body)
      -> decltype(body(std::declval<Transaction&>())) {
    return write_unblocked(claim.projection, claim.partition.index, 1, std::move(body));
  }
  /// The lock of a partition, or of one of all, was waited for in vain: ends the session that has
  /// it, if its holder's time is over, else says by whom `error` comes.
  Result<void> unblock(std::string_view projection, std::optional<std::uint32_t> partition,
                       Error error) const;
  /// The record, locked, if `claim` still holds. Errors: wrong_expected_version.
  Result<CheckpointRecord> claimed(Transaction& transaction, const Claim& claim) const;
  Result<CheckpointRecord> take(Transaction& transaction, const ProjectionType& projection,
                                Partition partition, const Holder& holder,
                                std::chrono::milliseconds lease) const;
  /// Makes its tables, and a record for each of its partitions.
  Result<void> begin(Transaction& transaction, const ProjectionType& projection,
                     std::uint32_t partitions) const;
  Result<void> write_rows(Transaction& transaction, const ProjectedBatch& batch) const;
  /// What became of a commit whose answer was lost.
  Result<CheckpointRecord> settle(const ProjectedBatch& batch, const Error& lost) const;
  /// The projection's records, locked, as they are once no swap is under way.
  Result<std::vector<CheckpointRecord>> lock_partitions(postgres::Transaction& transaction,
                                                        std::string_view projection);
  Result<void> change_record(std::string_view projection, void (*change)(CheckpointRecord&, bool),
                             bool value);
  Result<std::vector<CheckpointRecord>> partitions(std::string_view projection) const;
  void tell(const CheckpointRecord& record);
  std::string shadow_schema(const ProjectionType& projection) const;
  Result<std::unique_ptr<PostgresReadModelStore>> open_shadow_as_it_is(
      const ProjectionType& projection) const;
  Result<CheckpointRecord> swap(Transaction& transaction, const ProjectionType& projection,
                                const PostgresReadModelStore& shadow, SwapOptions options) const;

  const std::unique_ptr<Database> database_;
  const ReadModelStore* const shadowed_;
  const std::unique_ptr<postgres::Connection> guard_;
  mutable CommitWatch watch_;
  CommitNews news_;
};

template <typename Body>
auto PostgresReadModelStore::write(Body body) -> decltype(body(std::declval<Transaction&>())) {
  auto connection = database_->writer();
  if (!connection) return std::move(connection).error();
  auto transaction = Transaction::begin(**connection);
  if (!transaction) return failed(transaction.error(), name());
  auto result = body(**transaction);
  if (!result) return result;
  if (auto committed = (*transaction)->commit(); !committed) {
    Error error = failed(committed.error(), name());
    if (committed.error().failure == postgres::Failure::in_doubt) {
      error.code = ErrorCode::outcome_unknown;
    }
    return error;
  }
  return result;
}

template <typename Body>
auto PostgresReadModelStore::write_unblocked(std::string_view projection,
                                             std::optional<std::uint32_t> partition, int tries,
                                             Body body)
    -> decltype(body(std::declval<Transaction&>())) {
  // A session that is told to end may take its time.
  for (int ends = 0; true; ++ends) {
    auto written = write(body);
    if (written || written.error().code != ErrorCode::timeout) return written;
    Error error = written.error();
    auto unblocked = unblock(projection, partition, std::move(written).error());
    if (!unblocked && --tries <= 0) return std::move(unblocked).error();
    if (unblocked && ends >= 20) {
      error.code = ErrorCode::unavailable;
      return error;
    }
  }
}

/// Makes the projection's tables in a schema; returns their names. Errors: invalid_argument (a
/// table of that name is there).
Result<std::vector<std::string>> create_tables(postgres::Transaction& transaction,
                                               const Database& database,
                                               const ProjectionType& projection);

}  // namespace annals::internal
