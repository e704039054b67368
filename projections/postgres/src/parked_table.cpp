#include "parked_table.hpp"

#include <algorithm>
#include <utility>

#include <annals/postgres/parameters.hpp>

#include "failures.hpp"
#include "table_sql.hpp"

namespace annals::internal {

namespace {

using postgres::ArrayParameter;
using postgres::Parameters;

constexpr const char* parked_columns =
    "projection, row_table, row_key, key_hash, position, failure, tries, wish, parked_at, "
    "skipped_at";
// Of each parked key the first event has a failure, and only that one.
constexpr const char* first_of_key = "failure <> '' AND skipped_at IS NULL";

}  // namespace

std::string create_parked_table_sql(std::string_view schema) {
  const std::string name = table_in(schema, "annals_parked");
  std::string sql = "CREATE TABLE " + name +
                    " (\n"
                    "  projection text COLLATE \"C\" NOT NULL,\n"
                    "  row_table text COLLATE \"C\" NOT NULL,\n"
                    "  row_key text COLLATE \"C\" NOT NULL,\n"
                    "  key_hash bigint NOT NULL,\n"
                    "  position bigint NOT NULL,\n"
                    "  failure text NOT NULL,\n"
                    "  tries bigint NOT NULL,\n"
                    "  wish text NOT NULL,\n"
                    "  parked_at timestamptz NOT NULL,\n"
                    "  skipped_at timestamptz,\n"
                    "  PRIMARY KEY (projection, row_table, row_key, position)\n"
                    ");\n"
                    // What queries look at is short, however much waits.
                    "CREATE INDEX annals_parked_keys ON " +
                    name + " (projection) WHERE " + first_of_key + ";\n";
  const std::pair<const char*, const char*> comments[] = {
      {"row_table", "of the row that lags behind"},
      {"key_hash", "tells the partition"},
      {"position", "of the event, which the log has"},
      {"failure", "why it could not be folded; empty: it waits for an earlier one"},
      {"wish", "what is to become of it, when it is come to"},
      {"skipped_at", "left out for good"}};
  for (const auto& [column, comment] : comments) {
    sql += "COMMENT ON COLUMN " + name + "." + column + " IS '" + comment + "';\n";
  }
  return sql;
}

std::string parked_keys_column(std::string_view schema) {
  return "(SELECT count(*) FROM " + table_in(schema, "annals_parked") +
         " p WHERE p.projection = c.projection AND p.failure <> '' AND "
         "p.skipped_at IS NULL)";
}

ParkedTable::ParkedTable(std::string_view schema, std::string place)
    : place_(std::move(place)), table_(table_in(schema, "annals_parked")) {}

Result<std::uint64_t> ParkedTable::run(postgres::Transaction& transaction, const std::string& sql,
                                       const Parameters& parameters) const {
  auto done = transaction.run_prepared(sql, parameters);
  if (!done) return failed(done.error(), place_ + ", annals_parked");
  return static_cast<std::uint64_t>(done->affected());
}

Result<void> ParkedTable::write(postgres::Transaction& transaction,
                                const ProjectedBatch& batch) const {
  if (!batch.unparked.empty()) {
    ArrayParameter tables(ArrayParameter::Type::text);
    ArrayParameter keys(ArrayParameter::Type::text);
    ArrayParameter positions(ArrayParameter::Type::bigint);
    for (const ParkedEvent& event : batch.unparked) {
      tables.add_bytes(event.row.table);
      keys.add_bytes(event.row.key);
      positions.add_integer(static_cast<std::int64_t>(event.position.value));
    }
    Parameters parameters;
    parameters.text(batch.claim.projection);
    parameters.array(tables).array(keys).array(positions);
    auto gone = run(transaction,
                    "DELETE FROM " + table_ +
                        " p USING unnest($2::text[], $3::text[], $4::bigint[]) AS u (t, k, n) "
                        "WHERE p.projection = $1 AND p.row_table = u.t AND p.row_key = u.k AND "
                        "p.position = u.n",
                    parameters);
    if (!gone) return std::move(gone).error();
  }
  if (batch.parked.empty()) return {};
  ArrayParameter tables(ArrayParameter::Type::text);
  ArrayParameter keys(ArrayParameter::Type::text);
  ArrayParameter hashes(ArrayParameter::Type::bigint);
  ArrayParameter positions(ArrayParameter::Type::bigint);
  ArrayParameter failures(ArrayParameter::Type::text);
  ArrayParameter tries(ArrayParameter::Type::bigint);
  ArrayParameter seen(ArrayParameter::Type::text);
  ArrayParameter skipped(ArrayParameter::Type::boolean);
  for (const ParkedEvent& event : batch.parked) {
    tables.add_bytes(event.row.table);
    keys.add_bytes(event.row.key);
    hashes.add_integer(static_cast<std::int64_t>(event.key_hash));
    positions.add_integer(static_cast<std::int64_t>(event.position.value));
    failures.add_bytes(storable_failure(event.failure));
    tries.add_integer(event.tries);
    seen.add_bytes(to_string(event.wish));
    skipped.add_integer(event.skipped ? 1 : 0);
  }
  Parameters parameters;
  parameters.text(batch.claim.projection);
  parameters.array(tables).array(keys).array(hashes).array(positions).array(failures);
  parameters.array(tries).array(seen).array(skipped);
  // An insert, or an update of what the same events had: of those only a wish that was seen goes.
  const std::string given =
      "WITH given AS (SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], "
      "$6::text[], $7::bigint[], $8::text[], $9::boolean[]) AS u (t, k, h, n, failure, tries, "
      "seen, skipped)) ";
  auto kept = run(transaction,
                  given + "INSERT INTO " + table_ + " AS p (" + parked_columns +
                      ") SELECT $1, t, k, h, n, failure, tries, seen, clock_timestamp(), CASE "
                      "WHEN skipped THEN clock_timestamp() END FROM given ON CONFLICT (projection, "
                      "row_table, row_key, position) DO UPDATE SET failure = "
                      "excluded.failure, tries = excluded.tries, skipped_at = excluded.skipped_at, "
                      "wish = CASE WHEN p.wish = excluded.wish THEN '' ELSE p.wish END",
                  parameters);
  if (!kept) return std::move(kept).error();
  return {};
}

Result<std::uint64_t> ParkedTable::wish(postgres::Transaction& transaction,
                                        std::string_view projection,
                                        const std::optional<ParkedRow>& row,
                                        ParkedWish wish) const {
  const auto which = [&] {
    Parameters parameters;
    parameters.text(projection).text(row ? row->key : "");
    parameters.text(row ? row->table : "").boolean(!row);
    return parameters;
  };
  const std::string of_keys =
      "projection = $1 AND skipped_at IS NULL AND ($4::boolean OR row_key = $2) AND ($3 = '' OR "
      "row_table = $3)";
  auto count = transaction.run_prepared(
      "SELECT count(*) FROM " + table_ + " WHERE failure <> '' AND " + of_keys, which());
  if (!count) return failed(count.error(), place_ + ", annals_parked");
  const auto keys = static_cast<std::uint64_t>(count->integer(0, 0));
  Parameters parameters = which();
  parameters.text(to_string(wish)).boolean(wish == ParkedWish::skip_all);
  // Of all events of the keys: an earlier wish for more of them is taken back.
  auto noted = run(transaction,
                   "UPDATE " + table_ +
                       " SET wish = CASE WHEN $6::boolean OR failure <> '' THEN $5 ELSE '' END"
                       " WHERE " +
                       of_keys,
                   parameters);
  if (!noted) return noted;
  return keys;
}

Result<void> ParkedTable::take_over(postgres::Transaction& transaction, std::string_view from,
                                    std::string_view projection) const {
  Parameters name;
  name.text(projection);
  const std::string others = table_in(from, "annals_parked");
  for (const std::string& sql : {"DELETE FROM " + table_ + " WHERE projection = $1",
                                 "INSERT INTO " + table_ + " (" + parked_columns + ") SELECT " +
                                     parked_columns + " FROM " + others + " WHERE projection = $1",
                                 "DELETE FROM " + others + " WHERE projection = $1"}) {
    if (auto done = run(transaction, sql, name); !done) return std::move(done).error();
  }
  return {};
}

}  // namespace annals::internal
