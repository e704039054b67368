#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <annals/postgres/transaction.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals::internal {

/// Makes the table annals_parked in a schema.
std::string create_parked_table_sql(std::string_view schema);

/// A column of annals_checkpoints AS c: the number of keys that are parked.
std::string parked_keys_column(std::string_view schema);

/// The table annals_parked of one schema: events that wait for a row of theirs to be mended. What
/// is parked is read by parked_keys() and the like.
class ParkedTable {
 public:
  /// `place` names the read model in messages.
  ParkedTable(std::string_view schema, std::string place);

  /// What the batch parks, skips and unparks.
  Result<void> write(postgres::Transaction& transaction, const ProjectedBatch& batch) const;
  /// As ReadModelStore::wish_parked, of a projection that is there.
  Result<std::uint64_t> wish(postgres::Transaction& transaction, std::string_view projection,
                             const std::optional<ParkedRow>& row, ParkedWish wish) const;
  /// What is parked for a projection gives way to what another schema has parked for it.
  Result<void> take_over(postgres::Transaction& transaction, std::string_view from,
                         std::string_view projection) const;

 private:
  Result<std::uint64_t> run(postgres::Transaction& transaction, const std::string& sql,
                            const postgres::Parameters& parameters) const;

  const std::string place_;
  const std::string table_;
};

}  // namespace annals::internal
