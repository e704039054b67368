#include "checkpoint_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include <annals/eventstore/time.hpp>

#include "parked_table.hpp"

namespace annals::sqlite_rows {

namespace {

constexpr const char* columns =
    "projection, version, fingerprint, tables, partition, store, era, position, link, cursor, "
    "epoch, host, pid, process_started, runner, lease_until, paused, failure, updated_at, "
    "partitions, wanted_host, wanted_pid, wanted_process_started, wanted_runner, wanted_until, "
    "split_by";

std::string hex(std::uint64_t number) {
  char text[17];
  const auto end = std::to_chars(text, text + 16, number, 16).ptr;
  const std::string digits(text, end);
  return std::string(16 - digits.size(), '0') + digits;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : " ").append(name);
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    names.emplace_back(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return names;
}

/// Reads the cells of one row in turn; remembers whether one was not what it has to be.
class RowReader {
 public:
  explicit RowReader(const std::vector<Cell>& cells) : cells_(cells) {}

  std::int64_t number() {
    const auto* number = std::get_if<std::int64_t>(&next());
    good_ = good_ && number != nullptr;
    return number != nullptr ? *number : 0;
  }
  /// NULL gives an empty text.
  std::string text() {
    const Cell& cell = next();
    if (const auto* text = std::get_if<std::string>(&cell)) return *text;
    good_ = good_ && std::holds_alternative<std::monostate>(cell);
    return {};
  }
  std::optional<std::int64_t> perhaps_number() {
    const Cell& cell = next();
    if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
    good_ = good_ && std::holds_alternative<std::monostate>(cell);
    return std::nullopt;
  }
  template <typename T>
  T parsed(std::optional<T> value) {
    good_ = good_ && value.has_value();
    return value.value_or(T{});
  }
  bool good() const { return good_; }

 private:
  const Cell& next() {
    static const Cell null;
    if (at_ < cells_.size()) return cells_[at_++];
    good_ = false;
    return null;
  }
  const std::vector<Cell>& cells_;
  std::size_t at_ = 0;
  bool good_ = true;
};

std::optional<std::uint64_t> parse_hex(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Holder> read_holder(RowReader& row) {
  Holder holder;
  holder.host = row.text();
  holder.pid = row.perhaps_number().value_or(0);
  holder.started = static_cast<std::uint64_t>(row.perhaps_number().value_or(0));
  holder.runner = row.text();
  if (holder.runner.empty()) return std::nullopt;
  return holder;
}

void add_holder(const std::optional<Holder>& holder, std::vector<Cell>& cells) {
  if (!holder) return cells.resize(cells.size() + 4);
  cells.insert(cells.end(), {holder->host, holder->pid, static_cast<std::int64_t>(holder->started),
                             holder->runner});
}

Result<CheckpointRecord> read_record(const std::vector<Cell>& cells, const std::string& path) {
  RowReader row(cells);
  CheckpointRecord record;
  record.projection = row.text();
  record.version = static_cast<std::uint32_t>(row.number());
  record.fingerprint = row.parsed(parse_hex(row.text()));
  record.tables = split(row.text());
  record.partition.index = static_cast<std::uint32_t>(row.number());
  const std::string store = row.text();
  const auto era = row.perhaps_number();
  auto position = row.perhaps_number();
  if (position && *position < 0) position.reset();  // Damaged.
  const std::string link = row.text();
  if (!store.empty()) {
    Checkpoint checkpoint;
    checkpoint.token = {row.parsed(parse_id<StoreIdTag>(store)),
                        Era{static_cast<std::uint32_t>(row.parsed(era))},
                        GlobalPosition{static_cast<std::uint64_t>(row.parsed(position))}};
    if (!link.empty()) checkpoint.link = row.parsed(parse_digest(link));
    record.checkpoint = checkpoint;
  }
  record.cursor = row.text();
  record.epoch = static_cast<std::uint64_t>(row.number());
  const Timestamp now = system_clock()->now();
  record.holder = read_holder(row);
  record.lease_until = row.parsed(parse_timestamp(row.text()));
  record.paused = row.number() != 0;
  record.failure = row.text();
  record.updated_at = row.parsed(parse_timestamp(row.text()));
  record.leased = record.lease_until > now;
  record.partition.count = static_cast<std::uint32_t>(row.number());
  record.wanted_by = read_holder(row);
  if (const std::string until = row.text(); !until.empty()) {
    record.wanted_until = row.parsed(parse_timestamp(until));
  }
  if (record.wanted_until <= now) record.wanted_by.reset();
  record.partition.split_by = row.parsed(parse_split_by(row.text()));
  record.parked_keys = static_cast<std::uint64_t>(row.number());
  if (row.good()) return record;
  return Error{.code = ErrorCode::corrupt,
               .message = path + ": the checkpoint of projection '" + record.projection +
                          "' in annals_checkpoints cannot be read",
               .place = Error::Place{path, 0}};
}

}  // namespace

Result<void> create_checkpoint_table(Connection& connection) {
  return connection.run(
      "CREATE TABLE annals_checkpoints (\n"
      "  projection TEXT NOT NULL,\n"
      "  version INTEGER NOT NULL,  -- of the definition that made the rows\n"
      "  fingerprint TEXT NOT NULL,  -- likewise\n"
      "  tables TEXT NOT NULL,  -- that it owns\n"
      "  partition INTEGER NOT NULL,  -- from 0 on\n"
      "  store TEXT,  -- the event store's id; NULL: nothing was projected yet\n"
      "  era INTEGER,\n"
      "  position INTEGER,  -- every event up to here is in the rows\n"
      "  link TEXT,  -- the event store's hash there\n"
      "  cursor TEXT,\n"
      "  epoch INTEGER NOT NULL,  -- raised by every claim; fences whoever lost it\n"
      "  host TEXT,  -- who projects, and until when without a sign of life\n"
      "  pid INTEGER,\n"
      "  process_started INTEGER,\n"
      "  runner TEXT,\n"
      "  lease_until TEXT NOT NULL,\n"
      "  paused INTEGER NOT NULL,\n"
      "  failure TEXT NOT NULL,  -- why it has halted; empty: it has not\n"
      "  updated_at TEXT NOT NULL,\n"
      "  partitions INTEGER NOT NULL,  -- that the projection is split into\n"
      "  wanted_host TEXT,  -- who has asked for the partition, and until when that holds\n"
      "  wanted_pid INTEGER,\n"
      "  wanted_process_started INTEGER,\n"
      "  wanted_runner TEXT,\n"
      "  wanted_until TEXT,\n"
      "  split_by TEXT NOT NULL DEFAULT 'row',  -- what tells partitions apart: row or stream\n"
      "  PRIMARY KEY (projection, partition)\n"
      ") WITHOUT ROWID");
}

Result<void> upgrade_checkpoint_table(Connection& connection, std::int64_t format) {
  if (format == 2) {
    return connection.run(
        "ALTER TABLE annals_checkpoints ADD COLUMN split_by TEXT NOT NULL DEFAULT 'row'");
  }
  auto renamed = connection.run("ALTER TABLE annals_checkpoints RENAME TO annals_checkpoints_1");
  if (!renamed) return renamed;
  if (auto made = create_checkpoint_table(connection); !made) return made;
  return connection.run(
      "INSERT INTO annals_checkpoints SELECT projection, version, fingerprint, tables, 0, store, "
      "era, position, link, cursor, epoch, host, pid, process_started, runner, lease_until, "
      "paused, failure, updated_at, 1, NULL, NULL, NULL, NULL, NULL, 'row' FROM "
      "annals_checkpoints_1; "
      "DROP TABLE annals_checkpoints_1");
}

namespace {

Result<std::vector<CheckpointRecord>> select_records(Connection& connection, const char* schema,
                                                     const std::string& tail,
                                                     std::span<const Cell> arguments) {
  auto statement =
      connection.prepared(std::string("SELECT ") + columns + ", " + parked_keys_column(schema) +
                          " FROM " + schema + ".annals_checkpoints " + tail);
  if (!statement) return std::move(statement).error();
  Running running(**statement);
  (*statement)->bind_all(arguments);
  std::vector<CheckpointRecord> records;
  std::vector<Cell> cells;
  while (true) {
    auto found = connection.step(**statement);
    if (!found) return std::move(found).error();
    if (!*found) return records;
    (*statement)->read(cells);
    auto record = read_record(cells, connection.path());
    if (!record) return std::move(record).error();
    records.push_back(*std::move(record));
  }
}

}  // namespace

Result<std::optional<CheckpointRecord>> find_record(Connection& connection,
                                                    std::string_view projection,
                                                    std::uint32_t partition) {
  const std::array<Cell, 2> key{std::string(projection), std::int64_t{partition}};
  auto records =
      select_records(connection, "main", "WHERE projection = ?1 AND partition = ?2", key);
  if (!records) return std::move(records).error();
  if (records->empty()) return std::optional<CheckpointRecord>();
  return std::optional<CheckpointRecord>(std::move(records->front()));
}

Result<std::vector<CheckpointRecord>> records_of(Connection& connection,
                                                 std::string_view projection, const char* schema) {
  const Cell name = std::string(projection);
  return select_records(connection, schema, "WHERE projection = ?1 ORDER BY partition", {&name, 1});
}

Result<std::vector<CheckpointRecord>> all_records(Connection& connection) {
  return select_records(connection, "main", "ORDER BY projection, partition", {});
}

Result<void> erase_records(Connection& connection, std::string_view projection) {
  auto statement = connection.prepared("DELETE FROM annals_checkpoints WHERE projection = ?1");
  if (!statement) return std::move(statement).error();
  const Cell name = std::string(projection);
  auto erased = connection.execute(**statement, {&name, 1});
  if (!erased) return std::move(erased).error();
  return {};
}

Result<void> write_record(Connection& connection, const CheckpointRecord& record) {
  const auto number = [](auto value) { return Cell(static_cast<std::int64_t>(value)); };
  std::vector<Cell> cells{record.projection, number(record.version), hex(record.fingerprint),
                          joined(record.tables), number(record.partition.index)};
  if (record.checkpoint) {
    const Token& token = record.checkpoint->token;
    cells.insert(cells.end(),
                 {to_string(token.store), number(token.era.value), number(token.position.value),
                  record.checkpoint->link ? Cell(to_string(*record.checkpoint->link)) : Cell()});
  } else {
    cells.resize(cells.size() + 4);
  }
  cells.insert(cells.end(), {record.cursor, number(record.epoch)});
  add_holder(record.holder, cells);
  cells.insert(cells.end(),
               {to_string(record.lease_until), number(record.paused ? 1 : 0), record.failure,
                to_string(record.updated_at), number(record.partition.count)});
  add_holder(record.wanted_by, cells);
  cells.push_back(record.wanted_by ? Cell(to_string(record.wanted_until)) : Cell());
  cells.emplace_back(std::string(to_string(record.partition.split_by)));
  auto statement = connection.prepared(
      std::string("REPLACE INTO annals_checkpoints (") + columns +
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
      "?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)");
  if (!statement) return std::move(statement).error();
  auto written = connection.execute(**statement, cells);
  if (!written) return std::move(written).error();
  return {};
}

}  // namespace annals::sqlite_rows
