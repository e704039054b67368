#include "checkpoint_table.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <annals/postgres/connection.hpp>

#include "column_form.hpp"
#include "failures.hpp"
#include "parked_table.hpp"
#include "table_sql.hpp"

namespace annals::internal {

namespace {

using postgres::Parameters;
using postgres::Rows;

// Names of tables are separated by a sign that is in none of them.
constexpr const char* columns =
    "projection, version, fingerprint, array_to_string(tables, chr(31)), partition, store, era, "
    "position, link, cursor, epoch, host, pid, process_started, runner, lease_until, paused, "
    "failure, updated_at, lease_until > clock_timestamp(), partitions, wanted_host, wanted_pid, "
    "wanted_process_started, wanted_runner, wanted_until, wanted_until > clock_timestamp(), "
    "split_by";
constexpr std::size_t parked_column = 28;  // After these.
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

// Four parameters: host, pid, since when it runs, runner.
void add_holder(Parameters& parameters, const std::optional<Holder>& holder) {
  if (!holder) {
    parameters.null().null().null().null();
    return;
  }
  parameters.text(holder->host).integer(holder->pid);
  parameters.integer(static_cast<std::int64_t>(holder->started)).text(holder->runner);
}

// Its columns, from `column` on.
std::optional<Holder> read_holder(const Rows& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column + 3)) return std::nullopt;
  return Holder{.host = std::string(rows.text(row, column)),
                .pid = rows.integer(row, column + 1),
                .started = static_cast<std::uint64_t>(rows.integer(row, column + 2)),
                .runner = std::string(rows.text(row, column + 3))};
}

constexpr const char* split_column = "split_by text NOT NULL DEFAULT 'row'";
constexpr const char* wanted_columns =
    "wanted_host text, wanted_pid bigint, wanted_process_started bigint, wanted_runner text, "
    "wanted_until timestamptz";

std::string comments_sql(const std::string& table) {
  const std::pair<const char*, const char*> comments[] = {
      {"version", "of the definition that made the rows"},
      {"fingerprint", "likewise"},
      {"tables", "that the projection owns"},
      {"partition", "from 0 on"},
      {"partitions", "that the projection is split into"},
      {"split_by", "what tells partitions apart: row or stream"},
      {"store", "the event store''s id; null: nothing was projected yet"},
      {"position", "every event up to here is in the rows"},
      {"link", "the event store''s hash there"},
      {"epoch", "raised by every claim; fences whoever lost it"},
      {"host", "who projects, and until when without a sign of life"},
      {"wanted_host", "who has asked for the partition, and until when that holds"},
      {"failure", "why it has halted; empty: it has not"}};
  std::string sql;
  for (const auto& [column, comment] : comments) {
    sql += "COMMENT ON COLUMN " + table + "." + column + " IS '" + comment + "';\n";
  }
  return sql;
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
                    "  projection text COLLATE \"C\",\n"
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
                    "  updated_at timestamptz NOT NULL,\n"
                    "  partitions bigint NOT NULL,\n  " +
                    wanted_columns + ",\n  " + split_column +
                    ",\n"
                    "  PRIMARY KEY (projection, partition)\n"
                    // Its rows change with every batch: room on their own page spares the index.
                    ") WITH (fillfactor = 20);\n";
  return sql + comments_sql(name);
}

std::string upgrade_checkpoint_table_sql(std::string_view schema, std::int64_t format) {
  const std::string name = table_in(schema, "annals_checkpoints");
  const std::string split = "ALTER TABLE " + name + " ADD COLUMN " + split_column + ";\n";
  if (format == 2) return split + comments_sql(name);
  std::string wanted(wanted_columns);
  for (std::size_t at = 0; (at = wanted.find(", ", at)) != std::string::npos; at += 2) {
    wanted.insert(at + 2, "ADD COLUMN ");
  }
  return split + "ALTER TABLE " + name +
         " ADD COLUMN partitions bigint NOT NULL DEFAULT 1, ADD COLUMN " + wanted +
         ", DROP CONSTRAINT annals_checkpoints_pkey, ADD PRIMARY KEY (projection, partition);\n"
         "ALTER TABLE " +
         name + " ALTER COLUMN partitions DROP DEFAULT;\n" + comments_sql(name);
}

CheckpointTable::CheckpointTable(std::string_view schema, std::string place)
    : place_(std::move(place)),
      columns_(columns + (", " + parked_keys_column(schema))),
      find_("SELECT " + columns_ + " FROM " + table_in(schema, "annals_checkpoints") +
            " AS c WHERE projection = $1 AND partition = $2"),
      partitions_("SELECT " + columns_ + " FROM " + table_in(schema, "annals_checkpoints") +
                  " AS c WHERE projection = $1 ORDER BY partition"),
      all_("SELECT " + columns_ + " FROM " + table_in(schema, "annals_checkpoints") +
           " AS c ORDER BY projection, partition"),
      write_("INSERT INTO " + table_in(schema, "annals_checkpoints") +
             " AS c (projection, version, fingerprint, tables, partition, store, era, position, "
             "link, cursor, epoch, host, pid, process_started, runner, paused, failure, "
             "lease_until, partitions, split_by, updated_at) VALUES ($1, $2, $3, "
             "string_to_array($4::text, "
             "chr(31)), $5, "
             "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, clock_timestamp() + "
             "$18::bigint * interval '1 ms', $19, $20, clock_timestamp()) ON CONFLICT (projection, "
             "partition) DO UPDATE SET version = excluded.version, fingerprint = "
             "excluded.fingerprint, tables = "
             "excluded.tables, partitions = excluded.partitions, split_by = excluded.split_by, "
             "store = excluded.store, era = "
             "excluded.era, position = excluded.position, link = excluded.link, cursor = "
             "excluded.cursor, epoch = excluded.epoch, host = excluded.host, pid = excluded.pid, "
             "process_started = excluded.process_started, runner = excluded.runner, paused = "
             "excluded.paused, failure = excluded.failure, lease_until = excluded.lease_until, "
             "updated_at = excluded.updated_at, wanted_until = CASE WHEN excluded.epoch = c.epoch "
             "THEN c.wanted_until END RETURNING " +
             columns_),
      move_("UPDATE " + table_in(schema, "annals_checkpoints") +
            " AS c SET store = $1::uuid, era = $2, position = $3, link = $4, cursor = $5, failure "
            "= '', "
            "lease_until = clock_timestamp() + $6::bigint * interval '1 ms', updated_at = "
            "clock_timestamp() WHERE projection = $7 AND epoch = $8 AND runner = $9 AND store IS "
            "NOT DISTINCT FROM $10::uuid AND era IS NOT DISTINCT FROM $11::bigint AND position IS "
            "NOT DISTINCT FROM $12::bigint AND link IS NOT DISTINCT FROM $13::text AND partition = "
            "$14 RETURNING " +
            columns_),
      ask_for_("UPDATE " + table_in(schema, "annals_checkpoints") +
               " AS c SET wanted_host = $3, wanted_pid = $4, wanted_process_started = $5, "
               "wanted_runner = $6, wanted_until = clock_timestamp() + $7::bigint * interval "
               "'1 ms' WHERE projection = $1 AND partition = $2 RETURNING " +
               columns_),
      erase_("DELETE FROM " + table_in(schema, "annals_checkpoints") +
             " WHERE projection = $1 AND partition >= $2") {}

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
  record.partition = {static_cast<std::uint32_t>(rows.integer(row, 4)),
                      static_cast<std::uint32_t>(rows.integer(row, 20)),
                      parsed(parse_split_by(rows.text(row, 27)))};
  if (!rows.is_null(row, 5)) {
    Checkpoint checkpoint;
    const std::int64_t position = rows.integer(row, 7);
    good = good && position >= 0;
    checkpoint.token = {parsed(parse_id<StoreIdTag>(rows.text(row, 5))),
                        Era{static_cast<std::uint32_t>(rows.integer(row, 6))},
                        GlobalPosition{static_cast<std::uint64_t>(position)}};
    if (!rows.is_null(row, 8)) checkpoint.link = parsed(parse_digest(rows.text(row, 8)));
    record.checkpoint = checkpoint;
  }
  record.cursor = rows.text(row, 9);
  record.epoch = static_cast<std::uint64_t>(rows.integer(row, 10));
  record.holder = read_holder(rows, row, 11);
  record.lease_until = time(15);
  record.paused = rows.boolean(row, 16);
  record.failure = rows.text(row, 17);
  record.updated_at = time(18);
  record.leased = rows.boolean(row, 19);
  if (!rows.is_null(row, 26) && rows.boolean(row, 26)) {
    record.wanted_by = read_holder(rows, row, 21);
    record.wanted_until = time(25);
  }
  record.parked_keys = static_cast<std::uint64_t>(rows.integer(row, parked_column));
  if (good) return record;
  return Error{.code = ErrorCode::corrupt,
               .message = place_ + ": the checkpoint of projection '" + record.projection +
                          "' in annals_checkpoints cannot be read",
               .place = Error::Place{place_, 0}};
}

Result<std::vector<CheckpointRecord>> CheckpointTable::read_all(
    const postgres::SqlResult<Rows>& rows) const {
  if (!rows) return failed(rows.error(), place_);
  std::vector<CheckpointRecord> records;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    auto record = read(*rows, row);
    if (!record) return std::move(record).error();
    records.push_back(*std::move(record));
  }
  return records;
}

Result<std::optional<CheckpointRecord>> CheckpointTable::find(postgres::Transaction& transaction,
                                                              std::string_view projection,
                                                              std::uint32_t partition,
                                                              Lock lock) const {
  const Parameters parameters = std::move(Parameters().text(projection).integer(partition));
  auto records = read_all(
      transaction.run_prepared(lock == Lock::none ? find_ : find_ + " FOR UPDATE", parameters));
  if (!records) return std::move(records).error();
  if (records->empty()) return std::optional<CheckpointRecord>();
  return std::optional<CheckpointRecord>(std::move(records->front()));
}

Result<std::vector<CheckpointRecord>> CheckpointTable::partitions(
    postgres::Transaction& transaction, std::string_view projection, Lock lock) const {
  const Parameters parameters = std::move(Parameters().text(projection));
  return read_all(transaction.run_prepared(
      lock == Lock::none ? partitions_ : partitions_ + " FOR UPDATE", parameters));
}

Result<std::vector<CheckpointRecord>> CheckpointTable::partitions(
    postgres::Connection& connection, std::string_view projection) const {
  const Parameters parameters = std::move(Parameters().text(projection));
  auto records = read_all(connection.run_prepared(partitions_, parameters));
  if (!records) return no_timeout(std::move(records).error());
  return records;
}

Result<std::vector<CheckpointRecord>> CheckpointTable::all(postgres::Connection& connection) const {
  auto records = read_all(connection.run_prepared(all_));
  if (!records) return no_timeout(std::move(records).error());
  return records;
}

Result<CheckpointRecord> CheckpointTable::write(postgres::Transaction& transaction,
                                                const CheckpointRecord& record,
                                                std::chrono::milliseconds lease) const {
  Parameters parameters;
  parameters.text(record.projection).integer(record.version).text(hex(record.fingerprint));
  parameters.text(joined(record.tables)).integer(record.partition.index);
  add_checkpoint(parameters, record.checkpoint);
  parameters.text(record.cursor).integer(static_cast<std::int64_t>(record.epoch));
  add_holder(parameters, record.holder);
  parameters.boolean(record.paused).text(storable_failure(record.failure)).integer(lease_ms(lease));
  parameters.integer(record.partition.count).text(to_string(record.partition.split_by));
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
  parameters.integer(batch.claim.partition.index);
  auto rows = transaction.run_prepared(move_, parameters);
  if (!rows) return failed(rows.error(), place_);
  if (rows->empty()) return std::optional<CheckpointRecord>();
  auto record = read(*rows, 0);
  if (!record) return std::move(record).error();
  return std::optional<CheckpointRecord>(*std::move(record));
}

Result<CheckpointRecord> CheckpointTable::ask_for(postgres::Transaction& transaction,
                                                  const CheckpointRecord& record,
                                                  const Holder& holder,
                                                  std::chrono::milliseconds patience) const {
  Parameters parameters;
  parameters.text(record.projection).integer(record.partition.index);
  add_holder(parameters, holder);
  parameters.integer(lease_ms(patience));
  auto rows = transaction.run_prepared(ask_for_, parameters);
  if (!rows) return failed(rows.error(), place_);
  return read(*rows, 0);
}

Result<void> CheckpointTable::erase(postgres::Transaction& transaction, std::string_view projection,
                                    std::uint32_t begin) const {
  const Parameters parameters = std::move(Parameters().text(projection).integer(begin));
  auto rows = transaction.run_prepared(erase_, parameters);
  if (!rows) return failed(rows.error(), place_);
  return {};
}

}  // namespace annals::internal
