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

/// The table annals_checkpoints of one schema, in whatever transaction it is asked in. Times are
/// the server's: leases hold between machines whose clocks differ.
class CheckpointTable {
 public:
  /// `place` names the read model in messages.
  CheckpointTable(std::string_view schema, std::string place);

  enum class Lock : std::uint8_t { none, for_update };
  /// A record, and whether its lease holds by the server's clock.
  struct Found {
    CheckpointRecord record;
    bool leased = false;
  };
  Result<std::optional<Found>> find(postgres::Transaction& transaction, std::string_view projection,
                                    Lock lock = Lock::none) const;
  /// As find(), by itself.
  Result<std::optional<Found>> find(postgres::Connection& connection,
                                    std::string_view projection) const;
  /// By name.
  Result<std::vector<CheckpointRecord>> all(postgres::Connection& connection) const;

  /// Inserts the record or replaces the one of its projection. The lease ends `lease` from now, and
  /// updated_at is now: what the record says is not looked at. Returns it as it stands then.
  Result<CheckpointRecord> write(postgres::Transaction& transaction, const CheckpointRecord& record,
                                 std::chrono::milliseconds lease) const;
  /// Moves the checkpoint by compare-and-set of epoch and position, clears the failure and renews
  /// the lease. Nothing: no row matches any more.
  Result<std::optional<CheckpointRecord>> move(postgres::Transaction& transaction,
                                               const ProjectedBatch& batch) const;

 private:
  Result<CheckpointRecord> read(const postgres::Rows& rows, std::size_t row) const;
  Result<std::optional<Found>> found(const postgres::SqlResult<postgres::Rows>& rows) const;

  const std::string place_;
  const std::string columns_;
  const std::string find_;
  const std::string all_;
  const std::string write_;
  const std::string move_;
};

}  // namespace annals::internal
