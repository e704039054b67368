#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/postgres/transaction.hpp>
#include <annals/projections/checkpoint_record.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals::internal {

/// Makes the table annals_checkpoints in a schema.
std::string create_checkpoint_table_sql(std::string_view schema);
/// From format 1, in which projections had no partitions.
std::string upgrade_checkpoint_table_sql(std::string_view schema, std::int64_t format);

/// The table annals_checkpoints of one schema, in whatever transaction it is asked in. Times are
/// the server's: leases hold between machines whose clocks differ.
class CheckpointTable {
 public:
  /// `place` names the read model in messages.
  CheckpointTable(std::string_view schema, std::string place);

  enum class Lock : std::uint8_t { none, for_update };
  Result<std::optional<CheckpointRecord>> find(postgres::Transaction& transaction,
                                               std::string_view projection, std::uint32_t partition,
                                               Lock lock = Lock::none) const;
  /// Of its partitions, in their order.
  Result<std::vector<CheckpointRecord>> partitions(postgres::Transaction& transaction,
                                                   std::string_view projection,
                                                   Lock lock = Lock::none) const;
  /// As above, by itself.
  Result<std::vector<CheckpointRecord>> partitions(postgres::Connection& connection,
                                                   std::string_view projection) const;
  /// By name and partition.
  Result<std::vector<CheckpointRecord>> all(postgres::Connection& connection) const;

  /// Inserts the record or replaces the one of its partition. The lease ends `lease` from now, and
  /// updated_at is now: what the record says is not looked at. Who has asked for the partition
  /// stays there until the epoch is raised. Returns it as it stands then.
  Result<CheckpointRecord> write(postgres::Transaction& transaction, const CheckpointRecord& record,
                                 std::chrono::milliseconds lease) const;
  /// Moves the checkpoint by compare-and-set of epoch and position, clears the failure and renews
  /// the lease. Nothing: no row matches any more.
  Result<std::optional<CheckpointRecord>> move(postgres::Transaction& transaction,
                                               const ProjectedBatch& batch) const;
  /// Notes who has asked for a partition, for `patience` from now.
  Result<CheckpointRecord> ask_for(postgres::Transaction& transaction,
                                   const CheckpointRecord& record, const Holder& holder,
                                   std::chrono::milliseconds patience) const;
  /// Forgets the partitions from `begin` on.
  Result<void> erase(postgres::Transaction& transaction, std::string_view projection,
                     std::uint32_t begin) const;

 private:
  Result<CheckpointRecord> read(const postgres::Rows& rows, std::size_t row) const;
  Result<std::vector<CheckpointRecord>> read_all(
      const postgres::SqlResult<postgres::Rows>& rows) const;

  const std::string place_;
  const std::string columns_;
  const std::string find_;
  const std::string partitions_;
  const std::string all_;
  const std::string write_;
  const std::string move_;
  const std::string ask_for_;
  const std::string erase_;
};

}  // namespace annals::internal
