#include "parked_table.hpp"

#include <utility>
#include <vector>

#include <annals/eventstore/time.hpp>

namespace annals::sqlite_rows {

namespace {

Cell number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Result<std::int64_t> run(Connection& connection, const std::string& sql,
                         const std::vector<Cell>& cells) {
  auto statement = connection.prepared(sql);
  if (!statement) return std::move(statement).error();
  return connection.execute(**statement, cells);
}

}  // namespace

Result<void> create_parked_table(Connection& connection) {
  return connection.run(
      "CREATE TABLE IF NOT EXISTS annals_parked (\n"
      "  projection TEXT NOT NULL,\n"
      "  row_table TEXT NOT NULL,  -- of the row that lags behind\n"
      "  row_key TEXT NOT NULL,\n"
      "  key_hash INTEGER NOT NULL,  -- tells the partition\n"
      "  position INTEGER NOT NULL,  -- of the event, which the log has\n"
      "  failure TEXT NOT NULL,  -- why it could not be folded; empty: it waits for an earlier "
      "one\n"
      "  tries INTEGER NOT NULL,\n"
      "  wish TEXT NOT NULL,  -- what is to become of it, when it is come to\n"
      "  parked_at TEXT NOT NULL,\n"
      "  skipped_at TEXT,  -- left out for good\n"
      "  PRIMARY KEY (projection, row_table, row_key, position)\n"
      ") WITHOUT ROWID;\n"
      // One for each parked key: what queries look at is short, however much waits.
      "CREATE INDEX IF NOT EXISTS annals_parked_keys ON annals_parked (projection)\n"
      "  WHERE failure <> '' AND skipped_at IS NULL");
}

std::string parked_keys_column(const char* schema) {
  return std::string("(SELECT count(*) FROM ") + schema +
         ".annals_parked p WHERE p.projection = annals_checkpoints.projection AND "
         "p.failure <> '' AND p.skipped_at IS NULL)";
}

Result<void> write_parked(Connection& connection, const ProjectedBatch& batch) {
  const std::string& projection = batch.claim.projection;
  const std::string now = to_string(system_clock()->now());
  for (const ParkedEvent& event : batch.unparked) {
    auto gone = run(connection,
                    "DELETE FROM annals_parked WHERE projection = ?1 AND row_table = ?2 AND "
                    "row_key = ?3 AND position = ?4",
                    {projection, event.row.table, event.row.key, number(event.position.value)});
    if (!gone) return std::move(gone).error();
  }
  for (const ParkedEvent& event : batch.parked) {
    auto kept = run(
        connection,
        "INSERT INTO annals_parked (projection, row_table, row_key, key_hash, position, failure, "
        "tries, wish, parked_at, skipped_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', ?8, ?9) ON "
        "CONFLICT (projection, row_table, row_key, position) DO UPDATE SET failure = "
        "excluded.failure, tries = excluded.tries, skipped_at = excluded.skipped_at, wish = CASE "
        "WHEN annals_parked.wish = ?10 THEN '' ELSE annals_parked.wish END",
        {projection, event.row.table, event.row.key, number(event.key_hash),
         number(event.position.value), event.failure, number(event.tries), now,
         event.skipped ? Cell(now) : Cell(), std::string(to_string(event.wish))});
    if (!kept) return std::move(kept).error();
  }
  return {};
}

Result<std::uint64_t> write_wish(Connection& connection, std::string_view projection,
                                 const std::optional<ParkedRow>& row, ParkedWish wish) {
  const std::string of_keys =
      "projection = ?1 AND skipped_at IS NULL AND (?2 OR row_key = ?3) AND "
      "(?4 OR row_table = ?5)";
  const std::vector<Cell> which{std::string(projection), number(row ? 0 : 1), row ? row->key : "",
                                number(!row || row->table.empty() ? 1 : 0), row ? row->table : ""};
  std::uint64_t keys = 0;
  {
    auto count = connection.prepared("SELECT count(*) FROM annals_parked WHERE failure <> '' AND " +
                                     of_keys);
    if (!count) return std::move(count).error();
    const Running running(**count);
    (*count)->bind_all(which);
    auto found = connection.step(**count);
    if (!found) return std::move(found).error();
    std::vector<Cell> cells;
    (*count)->read(cells);
    keys = static_cast<std::uint64_t>(std::get<std::int64_t>(cells[0]));
  }
  std::vector<Cell> cells = which;
  cells.emplace_back(std::string(to_string(wish)));
  cells.push_back(number(wish == ParkedWish::skip_all ? 1 : 0));
  // Of all events of the keys: an earlier wish for more of them is taken back.
  auto noted = run(connection,
                   "UPDATE annals_parked SET wish = CASE WHEN ?7 OR failure <> '' THEN ?6 ELSE '' "
                   "END WHERE " +
                       of_keys,
                   cells);
  if (!noted) return std::move(noted).error();
  return keys;
}

Result<void> drop_parked(Connection& connection, std::string_view projection) {
  auto gone =
      run(connection, "DELETE FROM annals_parked WHERE projection = ?1", {std::string(projection)});
  if (!gone) return std::move(gone).error();
  return {};
}

}  // namespace annals::sqlite_rows
