// Tables made, and put in the place of others.

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "checkpoint_table.hpp"
#include "sqlite_read_model_store.hpp"
#include "table_sql.hpp"

namespace annals::internal {

namespace {

Result<std::set<std::string>> table_names(Connection& connection) {
  auto statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'");
  if (!statement) return std::move(statement).error();
  std::set<std::string> names;
  std::vector<Cell> cells;
  while (true) {
    auto row = connection.step(**statement);
    if (!row) return std::move(row).error();
    if (!*row) return names;
    (*statement)->read(cells);
    names.insert(std::get<std::string>(cells[0]));
  }
}

// The texts that made a table and what hangs on it, the table first.
Result<std::vector<std::string>> schema_of(Connection& connection, const std::string& table) {
  auto statement = connection.prepare(
      "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL "
      "ORDER BY type <> 'table', name");
  if (!statement) return std::move(statement).error();
  const Cell name = table;
  (*statement)->bind(1, name);
  std::vector<std::string> texts;
  std::vector<Cell> cells;
  while (true) {
    auto row = connection.step(**statement);
    if (!row) return std::move(row).error();
    if (!*row) return texts;
    (*statement)->read(cells);
    texts.push_back(std::get<std::string>(cells[0]));
  }
}

// Generated columns cannot be written.
Result<std::vector<std::string>> stored_columns(Connection& connection, const std::string& table) {
  auto statement =
      connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid");
  if (!statement) return std::move(statement).error();
  const Cell name = table;
  (*statement)->bind(1, name);
  std::vector<std::string> columns;
  std::vector<Cell> cells;
  while (true) {
    auto row = connection.step(**statement);
    if (!row) return std::move(row).error();
    if (!*row) return columns;
    (*statement)->read(cells);
    columns.push_back('"' + std::get<std::string>(cells[0]) + '"');
  }
}

Result<void> copy_rows(Connection& source, Connection& target, const std::string& table) {
  auto columns = stored_columns(source, table);
  if (!columns) return std::move(columns).error();
  std::string list;
  std::string values;
  for (std::size_t i = 0; i < columns->size(); ++i) {
    list.append(i == 0 ? "" : ", ").append((*columns)[i]);
    values.append(i == 0 ? "?" : ", ?").append(std::to_string(i + 1));
  }
  auto from = source.prepare("SELECT " + list + " FROM \"" + table + '"');
  if (!from) return std::move(from).error();
  auto into =
      target.prepare("INSERT INTO \"" + table + "\" (" + list + ") VALUES (" + values + ")");
  if (!into) return std::move(into).error();
  while (true) {
    auto row = source.step(**from);
    if (!row) return std::move(row).error();
    if (!*row) return {};
    for (int i = 0; i < sqlite3_column_count((*from)->get()); ++i) {
      sqlite3_bind_value((*into)->get(), i + 1, sqlite3_column_value((*from)->get(), i));
    }
    auto inserted = target.step(**into);
    if (!inserted) return std::move(inserted).error();
    (*into)->reset();
  }
}

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(path + suffix, ignored);
  }
}

}  // namespace

Result<std::vector<std::string>> create_tables(Connection& connection,
                                               const ProjectionType& projection) {
  auto before = table_names(connection);
  if (!before) return std::move(before).error();
  for (std::size_t i = 0; i < projection.table_count; ++i) {
    const std::string name(projection.tables[i]->name);
    if (before->contains(name)) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "projection " + std::string(projection.name) + ": " +
                              connection.path() + " has a table '" + name +
                              "' already, of another projection or program"};
    }
    if (auto made = connection.run(create_sql(*projection.tables[i]).c_str()); !made) {
      return std::move(made).error();
    }
  }
  if (!projection.schema.empty()) {
    if (auto made = connection.run(std::string(projection.schema).c_str()); !made) {
      Error error = std::move(made).error();
      error.message = "projection " + std::string(projection.name) + ", schema: " + error.message;
      return error;
    }
  }
  auto after = table_names(connection);
  if (!after) return std::move(after).error();
  std::vector<std::string> made;
  std::set_difference(after->begin(), after->end(), before->begin(), before->end(),
                      std::back_inserter(made));
  return made;
}

Result<void> copy_tables(Connection& source, Connection& target, const CheckpointRecord& record,
                         const std::vector<std::string>& replaced) {
  for (const std::string& table : replaced) {
    if (auto gone = target.run(("DROP TABLE IF EXISTS \"" + table + '"').c_str()); !gone) {
      return gone;
    }
  }
  auto there = table_names(target);
  if (!there) return std::move(there).error();
  for (const std::string& table : record.tables) {
    if (there->contains(table)) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = target.path() + " has a table '" + table +
                              "' already, of another projection or program"};
    }
    auto schema = schema_of(source, table);
    if (!schema) return std::move(schema).error();
    for (std::size_t i = 0; i < schema->size(); ++i) {
      if (auto made = target.run((*schema)[i].c_str()); !made) return made;
      // Indexes are built once the rows are there.
      if (i == 0) {
        if (auto copied = copy_rows(source, target, table); !copied) return copied;
      }
    }
  }
  return {};
}

Result<std::unique_ptr<ReadModelStore>> SqliteReadModelStore::open_shadow(
    const ProjectionType& projection) {
  if (database_->in_memory()) return open_sqlite_read_models({});
  const std::string path = shadow_path(projection);
  SqliteOptions options = database_->options();
  options.path = path;
  options.access = SqliteOptions::Access::create;
  auto shadow = open_sqlite_read_models(options);
  if (shadow) {
    auto records = (*shadow)->records();
    if (records && std::all_of(records->begin(), records->end(), [&](const auto& record) {
          return record.projection == projection.name &&
                 record.fingerprint == projection.fingerprint();
        })) {
      return shadow;
    }
    shadow->reset();
  }
  // Of another definition, or damaged: it was only a copy in the making.
  remove_database(path);
  return open_sqlite_read_models(std::move(options));
}

Result<void> SqliteReadModelStore::swap_in(const ProjectionType& projection, ReadModelStore& shadow,
                                           bool only_if_caught_up) {
  auto* other = dynamic_cast<SqliteReadModelStore*>(&shadow);
  if (other == nullptr) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "the shadow is not of open_shadow() of this store"};
  }
  return write([&](Connection& target) -> Result<void> {
    auto source = other->database_->reader();
    if (!source) return std::move(source).error();
    if (auto begun = (*source)->run("BEGIN"); !begun) return begun;
    auto made = find_record(**source, projection.name);
    if (!made) return std::move(made).error();
    if (!*made) {
      (*source)->roll_back();
      return Error{
          .code = ErrorCode::invalid_argument,
          .message = "the shadow has no projection '" + std::string(projection.name) + "'"};
    }
    auto old = find_record(target, projection.name);
    if (!old) return std::move(old).error();
    CheckpointRecord record = **made;
    std::vector<std::string> replaced;
    if (*old) {
      if (only_if_caught_up && (*old)->position() > record.position()) {
        (*source)->roll_back();
        return Error{.code = ErrorCode::wrong_expected_version,
                     .message = "projection " + record.projection + ": the rebuilt tables are at " +
                                "position " + to_string(record.position()) + ", those in use at " +
                                to_string((*old)->position())};
      }
      replaced = (*old)->tables;
      record.epoch = (*old)->epoch;
      record.paused = (*old)->paused;
    }
    auto copied = copy_tables(**source, target, record, replaced);
    (*source)->roll_back();
    if (!copied) return copied;
    ++record.epoch;
    record.holder.reset();
    record.failure.clear();
    record.updated_at = system_clock()->now();
    record.lease_until = record.updated_at;
    target.forget_statements();
    return write_record(target, record);
  });
}

Result<void> SqliteReadModelStore::drop_shadow(const ProjectionType& projection) {
  if (!database_->in_memory()) remove_database(shadow_path(projection));
  return {};
}

}  // namespace annals::internal
