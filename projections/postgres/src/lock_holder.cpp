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
         "l.pid WHERE c.projection = $1 AND l.pid <> pg_backend_pid()";
}

}  // namespace

std::optional<LockHolder> lock_holder(postgres::Connection& connection, std::string_view schema,
                                      std::string_view projection) {
  postgres::Parameters parameters;
  parameters.text(projection);
  auto rows = connection.run(
      "SELECT l.pid, a.application_name, host(a.client_addr)" + from_locks(schema), parameters);
  if (!rows || rows->empty()) return std::nullopt;
  LockHolder holder;
  holder.backend = static_cast<int>(rows->integer(0, 0));
  holder.who = "backend " + std::string(rows->text(0, 0));
  std::string more(rows->text(0, 1));
  if (!rows->is_null(0, 2)) more += (more.empty() ? "" : ", ") + std::string(rows->text(0, 2));
  if (!more.empty()) holder.who += " (" + more + ")";
  return holder;
}

postgres::SqlDone end_lock_holder(postgres::Connection& connection, std::string_view schema,
                                  std::string_view projection) {
  postgres::Parameters parameters;
  parameters.text(projection);
  auto rows = connection.run("SELECT pg_terminate_backend(l.pid)" + from_locks(schema), parameters);
  if (!rows) return std::move(rows).error();
  return std::monostate{};
}

}  // namespace annals::internal
