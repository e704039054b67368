// Who locks a row leaves the number of his transaction in it (xmax), and holds a lock of that
// number as long as the transaction is open; pg_locks says which session that is.

#include "lock_holder.hpp"

#include <utility>

#include "table_sql.hpp"

namespace annals::internal {

namespace {

std::string from_locks(std::string_view schema) {
  return " FROM " + table_in(schema, "annals_checkpoints") +
         " c JOIN pg_locks l ON l.locktype = 'transactionid' AND l.granted AND l.mode = "
         "'ExclusiveLock' AND l.transactionid = c.xmax LEFT JOIN pg_stat_activity a ON a.pid = "
         "l.pid WHERE c.projection = $1 AND c.partition = coalesce($2::bigint, c.partition) AND "
         "l.pid <> pg_backend_pid()";
}

postgres::Parameters rows_of(std::string_view projection, std::optional<std::uint32_t> partition) {
  postgres::Parameters parameters;
  parameters.text(projection);
  if (partition) {
    parameters.integer(*partition);
  } else {
    parameters.null();
  }
  return parameters;
}

}  // namespace

std::vector<LockHolder> lock_holders(postgres::Connection& connection, std::string_view schema,
                                     std::string_view projection,
                                     std::optional<std::uint32_t> partition) {
  auto rows = connection.run("SELECT l.pid, a.application_name, host(a.client_addr), c.partition" +
                                 from_locks(schema) + " ORDER BY c.partition",
                             rows_of(projection, partition));
  std::vector<LockHolder> holders;
  for (std::size_t row = 0; rows && row < rows->size(); ++row) {
    LockHolder& holder = holders.emplace_back();
    holder.backend = static_cast<int>(rows->integer(row, 0));
    holder.partition = static_cast<std::uint32_t>(rows->integer(row, 3));
    holder.who = "backend " + std::string(rows->text(row, 0));
    std::string more(rows->text(row, 1));
    if (!rows->is_null(row, 2)) {
      more += (more.empty() ? "" : ", ") + std::string(rows->text(row, 2));
    }
    if (!more.empty()) holder.who += " (" + more + ")";
  }
  return holders;
}

postgres::SqlDone end_lock_holder(postgres::Connection& connection, std::string_view schema,
                                  std::string_view projection, std::uint32_t partition) {
  auto rows = connection.run("SELECT pg_terminate_backend(l.pid)" + from_locks(schema),
                             rows_of(projection, partition));
  if (!rows) return std::move(rows).error();
  return std::monostate{};
}

}  // namespace annals::internal
