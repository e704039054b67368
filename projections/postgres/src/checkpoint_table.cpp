#include "checkpoint_table.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <annals/postgres/connection.hpp>

#include "column_form.hpp"
#include "failures.hpp"
#include "table_sql.hpp"

namespace annals::internal {

namespace {

using postgres::Parameters;
using postgres::Rows;

// Names of tables are separated by a sign that is in none of them.
constexpr const char* columns =
    "projection, version, fingerprint, array_to_string(tables, chr(31)), partition, store, era, "
    "position, link, cursor, epoch, host, pid, process_started, runner, lease_until, paused, "
    "failure, updated_at, lease_until > clock_timestamp()";
constexpr std::size_t leased_column = 19;
constexpr char separator = '\x1f';

// A century is for ever, and can be written and added to.
std::int64_t lease_ms(std::chrono::milliseconds lease) {
  return std::min<std::chrono::milliseconds>(lease, std::chrono::years(1)).count();
}

std::string hex(std::uint64_t number) {
  char text[17];
  const auto end = std::to_chars(text, text + 16, number, 16).ptr;
  const std::string digits(text, end);
  return std::string(16 - digits.size(), '0') + digits;
}

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += separator;
    text += name;
  }
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

std::string without_nul(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

// Four parameters: store, era, position, link.
void add_checkpoint(Parameters& parameters, const std::optional<Checkpoint>& checkpoint) {
  if (!checkpoint) {
    parameters.null().null().null().null();
    return;
  }
  const Token& token = checkpoint->token;
  parameters.text(to_string(token.store)).integer(static_cast<std::int64_t>(token.era.value));
  parameters.integer(static_cast<std::int64_t>(token.position.value));
  if (checkpoint->link) {
    parameters.text(to_string(*checkpoint->link));
  } else {
    parameters.null();
  }
}

}  // namespace

std::string create_checkpoint_table_sql(std::string_view schema) {
  const std::string name = table_in(schema, "annals_checkpoints");
  std::string sql = "CREATE TABLE " + name +
                    " (\n"
                    "  projection text COLLATE \"C\" PRIMARY KEY,\n"
                    "  version bigint NOT NULL,\n"
                    "  fingerprint text NOT NULL,\n"
                    "  tables text[] NOT NULL,\n"
                    "  partition bigint NOT NULL,\n"
                    "  store uuid,\n"
                    "  era bigint,\n"
                    "  position bigint,\n"
                    "  link text,\n"
                    "  cursor text NOT NULL,\n"
                    "  epoch bigint NOT NULL,\n"
                    "  host text,\n"
                    "  pid bigint,\n"
                    "  process_started bigint,\n"
                    "  runner text,\n"
                    "  lease_until timestamptz NOT NULL,\n"
                    "  paused boolean NOT NULL,\n"
                    "  failure text NOT NULL,\n"
                    "  updated_at timestamptz NOT NULL\n"
                    // Its rows change with every batch: room on their own page spares the index.
                    ") WITH (fillfactor = 20);\n";
  const std::pair<const char*, const char*> comments[] = {
      {"version", "of the definition that made the rows"},
      {"fingerprint", "likewise"},
      {"tables", "that the projection owns"},
      {"store", "the event store''s id; null: nothing was projected yet"},
      {"position", "every event up to here is in the rows"},
      {"link", "the event store''s hash there"},
      {"epoch", "raised by every claim; fences whoever lost it"},
      {"host", "who projects, and until when without a sign of life"},
      {"failure", "why it has halted; empty: it has not"}};
  for (const auto& [column, comment] : comments) {
    sql += "COMMENT ON COLUMN " + name + "." + column + " IS '" + comment + "';\n";
  }
  return sql;
}

CheckpointTable::CheckpointTable(std::string_view schema, std::string place)
    : place_(std::move(place)),
      columns_(columns),
      find_("SELECT " + columns_ + " FROM " + table_in(schema, "annals_checkpoints") +
            " WHERE projection = $1"),
      all_("SELECT " + columns_ + " FROM " + table_in(schema, "annals_checkpoints") +
           " ORDER BY projection"),
      write_("INSERT INTO " + table_in(schema, "annals_checkpoints") +
             " AS c (projection, version, fingerprint, tables, partition, store, era, position, "
             "link, cursor, epoch, host, pid, process_started, runner, paused, failure, "
             "lease_until, updated_at) VALUES ($1, $2, $3, string_to_array($4::text, chr(31)), $5, "
             "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, clock_timestamp() + "
             "$18::bigint * interval '1 ms', clock_timestamp()) ON CONFLICT (projection) DO UPDATE "
             "SET version = excluded.version, fingerprint = excluded.fingerprint, tables = "
             "excluded.tables, partition = excluded.partition, store = excluded.store, era = "
             "excluded.era, position = excluded.position, link = excluded.link, cursor = "
             "excluded.cursor, epoch = excluded.epoch, host = excluded.host, pid = excluded.pid, "
             "process_started = excluded.process_started, runner = excluded.runner, paused = "
             "excluded.paused, failure = excluded.failure, lease_until = excluded.lease_until, "
             "updated_at = excluded.updated_at RETURNING " +
             columns_),
      move_("UPDATE " + table_in(schema, "annals_checkpoints") +
            " SET store = $1::uuid, era = $2, position = $3, link = $4, cursor = $5, failure = '', "
            "lease_until = clock_timestamp() + $6::bigint * interval '1 ms', updated_at = "
            "clock_timestamp() WHERE projection = $7 AND epoch = $8 AND runner = $9 AND store IS "
            "NOT DISTINCT FROM $10::uuid AND era IS NOT DISTINCT FROM $11::bigint AND position IS "
            "NOT DISTINCT FROM $12::bigint AND link IS NOT DISTINCT FROM $13::text RETURNING " +
            columns_) {}

Result<CheckpointRecord> CheckpointTable::read(const Rows& rows, std::size_t row) const {
  bool good = true;
  const auto parsed = [&](auto value) {
    good = good && value.has_value();
    return value.value_or(typename decltype(value)::value_type{});
  };
  const auto time = [&](std::size_t column) {
    const Cell cell = read_value(rows, row, column);
    const auto* text = std::get_if<std::string>(&cell);
    return parsed(text != nullptr ? parse_timestamp(*text) : std::nullopt);
  };
  CheckpointRecord record;
  record.projection = rows.text(row, 0);
  record.version = static_cast<std::uint32_t>(rows.integer(row, 1));
  record.fingerprint = parsed(parse_hex(rows.text(row, 2)));
  record.tables = split(rows.text(row, 3));
  record.partition = static_cast<std::uint32_t>(rows.integer(row, 4));
  if (!rows.is_null(row, 5)) {
    Checkpoint checkpoint;
    checkpoint.token = {parsed(parse_id<StoreIdTag>(rows.text(row, 5))),
                        Era{static_cast<std::uint32_t>(rows.integer(row, 6))},
                        GlobalPosition{static_cast<std::uint64_t>(rows.integer(row, 7))}};
    if (!rows.is_null(row, 8)) checkpoint.link = parsed(parse_digest(rows.text(row, 8)));
    record.checkpoint = checkpoint;
  }
  record.cursor = rows.text(row, 9);
  record.epoch = static_cast<std::uint64_t>(rows.integer(row, 10));
  if (!rows.is_null(row, 14)) {
    record.holder = Holder{.host = std::string(rows.text(row, 11)),
                           .pid = rows.integer(row, 12),
                           .started = static_cast<std::uint64_t>(rows.integer(row, 13)),
                           .runner = std::string(rows.text(row, 14))};
  }
  record.lease_until = time(15);
  record.paused = rows.boolean(row, 16);
  record.failure = rows.text(row, 17);
  record.updated_at = time(18);
  if (good) return record;
  return Error{.code = ErrorCode::corrupt,
               .message = place_ + ": the checkpoint of projection '" + record.projection +
                          "' in annals_checkpoints cannot be read",
               .place = Error::Place{place_, 0}};
}

Result<std::optional<CheckpointTable::Found>> CheckpointTable::found(
    const postgres::SqlResult<Rows>& rows) const {
  if (!rows) return failed(rows.error(), place_);
  if (rows->empty()) return std::optional<Found>();
  auto record = read(*rows, 0);
  if (!record) return std::move(record).error();
  return std::optional<Found>(Found{*std::move(record), rows->boolean(0, leased_column)});
}

Result<std::optional<CheckpointTable::Found>> CheckpointTable::find(
    postgres::Transaction& transaction, std::string_view projection, Lock lock) const {
  const Parameters parameters = std::move(Parameters().text(projection));
  return found(
      transaction.run_prepared(lock == Lock::none ? find_ : find_ + " FOR UPDATE", parameters));
}

Result<std::optional<CheckpointTable::Found>> CheckpointTable::find(
    postgres::Connection& connection, std::string_view projection) const {
  const Parameters parameters = std::move(Parameters().text(projection));
  auto record = found(connection.run_prepared(find_, parameters));
  if (!record) return no_timeout(std::move(record).error());
  return record;
}

Result<std::vector<CheckpointRecord>> CheckpointTable::all(postgres::Connection& connection) const {
  auto rows = connection.run_prepared(all_);
  if (!rows) return no_timeout(failed(rows.error(), place_));
  std::vector<CheckpointRecord> records;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto record = read(*rows, row);
    if (!record) return std::move(record).error();
    records.push_back(*std::move(record));
  }
  return records;
}

Result<CheckpointRecord> CheckpointTable::write(postgres::Transaction& transaction,
                                                const CheckpointRecord& record,
                                                std::chrono::milliseconds lease) const {
  Parameters parameters;
  parameters.text(record.projection).integer(record.version).text(hex(record.fingerprint));
  parameters.text(joined(record.tables)).integer(record.partition);
  add_checkpoint(parameters, record.checkpoint);
  parameters.text(record.cursor).integer(static_cast<std::int64_t>(record.epoch));
  if (record.holder) {
    parameters.text(record.holder->host).integer(record.holder->pid);
    parameters.integer(static_cast<std::int64_t>(record.holder->started));
    parameters.text(record.holder->runner);
  } else {
    parameters.null().null().null().null();
  }
  parameters.boolean(record.paused).text(without_nul(record.failure)).integer(lease_ms(lease));
  auto rows = transaction.run_prepared(write_, parameters);
  if (!rows) return failed(rows.error(), place_);
  return read(*rows, 0);
}

Result<std::optional<CheckpointRecord>> CheckpointTable::move(postgres::Transaction& transaction,
                                                              const ProjectedBatch& batch) const {
  Parameters parameters;
  add_checkpoint(parameters, batch.after);
  parameters.text(batch.cursor).integer(lease_ms(batch.lease)).text(batch.claim.projection);
  parameters.integer(static_cast<std::int64_t>(batch.claim.epoch));
  parameters.text(batch.claim.holder.runner);
  add_checkpoint(parameters, batch.before);
  auto rows = transaction.run_prepared(move_, parameters);
  if (!rows) return failed(rows.error(), place_);
  if (rows->empty()) return std::optional<CheckpointRecord>();
  auto record = read(*rows, 0);
  if (!record) return std::move(record).error();
  return std::optional<CheckpointRecord>(*std::move(record));
}

}  // namespace annals::internal
