// Tables made, and put in the place of others.

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "checkpoint_table.hpp"
#include "parked_table.hpp"
#include "sqlite_read_model_store.hpp"
#include "table_sql.hpp"
#include "user_sql.hpp"

namespace annals::sqlite_rows {

namespace {

// Views too: they come and go with the tables.
Result<std::set<std::string>> table_names(Connection& connection) {
  auto statement = connection.prepare(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> "
      "'sqlite_'");
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

struct Definition {
  bool view = false;
  std::vector<std::string> texts;  // Of the table or view itself, then of what hangs on it.
};

Result<Definition> definition_of(Connection& connection, const std::string& table) {
  auto statement = connection.prepare(
      "SELECT sql, type = 'view' FROM sqlite_schema WHERE tbl_name = ?1 AND sql IS NOT NULL "
      "ORDER BY type NOT IN ('table', 'view'), name");
  if (!statement) return std::move(statement).error();
  const Cell name = table;
  (*statement)->bind(1, name);
  Definition definition;
  std::vector<Cell> cells;
  while (true) {
    auto row = connection.step(**statement);
    if (!row) return std::move(row).error();
    if (!*row) return definition;
    (*statement)->read(cells);
    definition.texts.push_back(std::get<std::string>(cells[0]));
    definition.view = definition.view || std::get<std::int64_t>(cells[1]) != 0;
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

Result<void> copy_rows(Connection& source, Connection& target, const std::string& table,
                       bool attached) {
  auto columns = stored_columns(source, table);
  if (!columns) return std::move(columns).error();
  std::string list;
  std::string values;
  for (std::size_t i = 0; i < columns->size(); ++i) {
    list.append(i == 0 ? "" : ", ").append((*columns)[i]);
    values.append(i == 0 ? "?" : ", ?").append(std::to_string(i + 1));
  }
  if (attached) {
    return target.run(("INSERT INTO main.\"" + table + "\" (" + list + ") SELECT " + list +
                       " FROM rebuilt.\"" + table + '"')
                          .c_str());
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

Error name_is_taken(const std::string& projection, const Connection& connection,
                    const std::string& table) {
  return {.code = ErrorCode::invalid_argument,
          .message = "projection " + projection + ": " + connection.path() + " has a table '" +
                     table + "' already, of another projection or program"};
}

// Whether nobody else has been at it between the two.
bool untouched(const std::optional<CheckpointRecord>& before,
               const std::optional<CheckpointRecord>& after) {
  if (!before || !after) return before.has_value() == after.has_value();
  return before->epoch == after->epoch && before->holder == after->holder &&
         before->checkpoint == after->checkpoint && before->updated_at == after->updated_at;
}

Error was_replaced(const SqliteReadModelStore& shadow) {
  return {.code = ErrorCode::unavailable,
          .message = shadow.name() + " was taken over by another rebuild: let that one end"};
}

/// The shadows that are open in this process, by their files. Thread-safe.
class OpenShadows {
 public:
  static OpenShadows& of_this_process() {
    static OpenShadows shadows;
    return shadows;
  }
  /// It is open for as long as the result lives.
  std::shared_ptr<const void> mark(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [](const auto& shadow) { return shadow.second.expired(); });
    auto mark = open_[key(path)].lock();
    if (mark == nullptr) mark = std::make_shared<int>();
    open_[key(path)] = mark;
    return mark;
  }
  bool contains(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(key(path));
    return found != open_.end() && !found->second.expired();
  }

 private:
  static std::string key(const std::string& path) {
    std::error_code fault;
    const auto whole = std::filesystem::weakly_canonical(path, fault);
    return fault ? path : whole.string();
  }
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const void>> open_;
};

// As SQLite keeps it: "CREATE TRIGGER …".
bool is_trigger(std::string_view text) { return text.starts_with("CREATE TRIGGER"); }

}  // namespace

Result<std::vector<std::string>> create_tables(Connection& connection,
                                               const ProjectionType& projection) {
  auto before = table_names(connection);
  if (!before) return std::move(before).error();
  for (std::size_t i = 0; i < projection.table_count; ++i) {
    const std::string name(projection.tables[i]->name);
    if (before->contains(name)) {
      return name_is_taken(std::string(projection.name), connection, name);
    }
    if (auto made = connection.run(create_sql(*projection.tables[i]).c_str()); !made) {
      return std::move(made).error();
    }
  }
  if (!projection.schema.empty()) {
    if (auto made = run_schema(connection, projection.schema); !made) {
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
                         const std::vector<std::string>& replaced, bool attached) {
  for (const std::string& table : replaced) {
    auto definition = definition_of(target, table);
    if (!definition) return std::move(definition).error();
    const char* drop = definition->view ? "DROP VIEW IF EXISTS \"" : "DROP TABLE IF EXISTS \"";
    if (auto gone = target.run((drop + table + '"').c_str()); !gone) return gone;
  }
  auto there = table_names(target);
  if (!there) return std::move(there).error();
  std::vector<std::string> views_and_triggers;
  for (const std::string& table : record.tables) {
    if (there->contains(table)) return name_is_taken(record.projection, target, table);
    auto definition = definition_of(source, table);
    if (!definition) return std::move(definition).error();
    for (std::size_t i = 0; i < definition->texts.size(); ++i) {
      const std::string& text = definition->texts[i];
      // What may speak of several tables comes last, and a trigger must not see rows copied.
      if (definition->view || is_trigger(text)) {
        views_and_triggers.push_back(text);
        continue;
      }
      if (auto made = target.run(text.c_str()); !made) return made;
      // Indexes are built once the rows are there.
      if (i > 0) continue;
      if (auto copied = copy_rows(source, target, table, attached); !copied) return copied;
    }
  }
  for (const std::string& text : views_and_triggers) {
    if (auto made = target.run(text.c_str()); !made) return made;
  }
  return {};
}

std::string SqliteReadModelStore::shadow_path(const ProjectionType& projection) const {
  return database_->path() + ".rebuild-" + std::string(projection.name);
}

Result<std::unique_ptr<ReadModelStore>> SqliteReadModelStore::open_shadow(
    const ProjectionType& projection) {
  SqliteOptions options = database_->options();
  options.path = database_->in_memory() ? "" : shadow_path(projection);
  options.access = SqliteOptions::Access::create;
  const auto open = [&]() -> Result<std::unique_ptr<ReadModelStore>> {
    auto database = Database::open(options);
    if (!database) return std::move(database).error();
    auto mark = options.path.empty() ? nullptr : OpenShadows::of_this_process().mark(options.path);
    return std::unique_ptr<ReadModelStore>(
        std::make_unique<SqliteReadModelStore>(*std::move(database), this, std::move(mark)));
  };
  auto shadow = open();
  if (!shadow && shadow.error().code == ErrorCode::unavailable) return shadow;
  if (shadow) {
    auto records = (*shadow)->records();
    if (!records && records.error().code == ErrorCode::unavailable) {
      return std::move(records).error();
    }
    if (records && std::all_of(records->begin(), records->end(), [&](const auto& record) {
          return record.projection == projection.name &&
                 record.fingerprint == projection.fingerprint();
        })) {
      return shadow;
    }
    shadow->reset();
  }
  // Of another definition, or damaged: it was only a copy in the making.
  if (auto removed = remove_shadow(projection); !removed) return std::move(removed).error();
  return open();
}

Result<void> SqliteReadModelStore::swap_in(const ProjectionType& projection, ReadModelStore& shadow,
                                           SwapOptions options) {
  auto* other = dynamic_cast<SqliteReadModelStore*>(&shadow);
  if (other == nullptr || other->shadowed_ != this) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "what is to be swapped in is not a shadow of " + name()};
  }
  auto target = database_->writer();
  if (!target) return std::move(target).error();
  if (database_->in_memory()) return swap(projection, *other, options, **target, false);
  // ATTACH would make it.
  if (!std::filesystem::exists(other->database_->path())) return was_replaced(*other);
  // Not possible within a transaction.
  auto attach = (*target)->prepare("ATTACH ?1 AS rebuilt");
  if (!attach) return std::move(attach).error();
  const Cell path = other->database_->path();
  if (auto done = (*target)->execute(**attach, {&path, 1}); !done) return std::move(done).error();
  auto swapped = swap(projection, *other, options, **target, true);
  auto detached = (*target)->run("DETACH rebuilt");
  return swapped ? detached : swapped;
}

Result<void> SqliteReadModelStore::swap(const ProjectionType& projection,
                                        SqliteReadModelStore& shadow, SwapOptions options,
                                        Connection& target, bool attached) {
  auto swapped = write(target, [&](Connection&) -> Result<CheckpointRecord> {
    auto source = shadow.database_->reader();
    if (!source) return std::move(source).error();
    if (auto begun = (*source)->begin(); !begun) return std::move(begun).error();
    auto records = records_of(**source, projection.name);
    if (!records) return std::move(records).error();
    auto made = whole_of(*records);
    if (attached) {
      // Rows are copied from the attached database: only a record that was read from it with them
      // says how far they are, and only if it is the file that this shadow has open.
      auto copied_from = records_of(target, projection.name, "rebuilt");
      // A file in the making has no such table.
      if (!copied_from && copied_from.error().code != ErrorCode::invalid_argument) {
        return std::move(copied_from).error();
      }
      if (!copied_from || !untouched(made, whole_of(*copied_from))) return was_replaced(shadow);
    }
    if (!made || made->fingerprint != projection.fingerprint()) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "the shadow has no tables of projection '" +
                              std::string(projection.name) + "' as it is defined now"};
    }
    auto old = records_of(target, projection.name);
    if (!old) return std::move(old).error();
    CheckpointRecord record = *std::move(made);
    std::vector<std::string> replaced;
    if (!old->empty()) replaced = old->front().tables;
    if (auto fits = replace_records(projection, options, *old, record); !fits) {
      return std::move(fits).error();
    }
    auto copied = copy_tables(**source, target, record, replaced, attached);
    if (copied) copied = drop_parked(target, record.projection);
    if (copied) copied = copy_rows(**source, target, "annals_parked", attached);
    if (!copied) return std::move(copied).error();
    record.updated_at = record.lease_until = system_clock()->now();
    if (auto gone = erase_records(target, record.projection); !gone) return std::move(gone).error();
    for (; record.partition.index < record.partition.count; ++record.partition.index) {
      if (auto put = write_record(target, record); !put) return std::move(put).error();
    }
    return record;
  });
  if (!swapped) return std::move(swapped).error();
  tell(*swapped);
  return {};
}

Result<void> SqliteReadModelStore::drop_shadow(const ProjectionType& projection) {
  return remove_shadow(projection);
}

Result<void> SqliteReadModelStore::remove_shadow(const ProjectionType& projection) const {
  if (database_->in_memory()) return {};
  SqliteOptions options = database_->options();
  options.path = shadow_path(projection);
  options.access = SqliteOptions::Access::must_exist;
  if (OpenShadows::of_this_process().contains(options.path)) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "projection " + std::string(projection.name) +
                            " is being rebuilt by this process, in " + options.path};
  }
  if (auto shadow = open_sqlite_read_models(options)) {
    auto records = (*shadow)->records();
    const Holder self = make_holder();
    for (const CheckpointRecord& record : records ? *records : std::vector<CheckpointRecord>()) {
      if (!record.holder || record.lease_until <= system_clock()->now()) continue;
      const bool here = record.holder->host == self.host && record.holder->pid == self.pid;
      if (here || !may_be_alive(*record.holder)) continue;
      return Error{.code = ErrorCode::unavailable,
                   .message = "projection " + record.projection + " is being rebuilt by " +
                              to_string(*record.holder) + ", in " + options.path};
    }
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code fault;
    std::filesystem::remove(options.path + suffix, fault);
    if (fault) {
      return Error{.code = ErrorCode::unavailable,
                   .message = options.path + suffix + " cannot be removed: " + fault.message()};
    }
  }
  return {};
}

}  // namespace annals::sqlite_rows
