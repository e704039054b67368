// Tables made, and put in the place of others.

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "postgres_read_model_store.hpp"
#include "table_sql.hpp"
#include "user_sql.hpp"

namespace annals::internal {

namespace {

// A rebuild's schema is <schema>_rebuild_<projection>; names have 63 letters at most.
constexpr std::size_t projection_letters_max = 24;

// Tries of lock_timeout each.
constexpr int swap_tries = 20;

/// Tables, views and sequences of a schema by their names, with the word that SQL has for the kind.
/// Not those that come and go with another one, and not annals_….
Result<std::map<std::string, std::string>> relations_in(postgres::Transaction& transaction,
                                                        const std::string& schema) {
  postgres::Parameters parameters;
  parameters.text(schema);
  auto rows = transaction.run(
      "SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' "
      "END FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
      "$1::text AND c.relkind IN ('r', 'p', 'v', 'S') AND NOT starts_with(c.relname::text, "
      "'annals_') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = "
      "'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relkind = 'S')",
      parameters);
  if (!rows) return failed(rows.error(), "the tables of schema " + schema);
  std::map<std::string, std::string> relations;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    relations.emplace(rows->text(row, 0), rows->text(row, 1));
  }
  return relations;
}

Error name_is_taken(std::string_view projection, const Database& database,
                    const std::string& table) {
  return {.code = ErrorCode::invalid_argument,
          .message = "projection " + std::string(projection) + ": " + database.name() +
                     " has a table '" + table + "' already, of another projection or program"};
}

// Of one kind at a time, all in one statement: what hangs on each other goes together. What others
// have made on top of them is not dropped with them, and ends it with PostgreSQL's words.
Result<void> drop_relations(postgres::Transaction& transaction, const Database& database,
                            const std::vector<std::string>& names) {
  auto there = relations_in(transaction, database.schema());
  if (!there) return std::move(there).error();
  for (const std::string kind : {"VIEW", "TABLE", "SEQUENCE"}) {
    std::string list;
    for (const std::string& name : names) {
      const auto found = there->find(name);
      if (found == there->end() || found->second != kind) continue;
      list += (list.empty() ? "" : ", ") + table_in(database.schema(), name);
    }
    if (list.empty()) continue;
    if (auto gone = transaction.run("DROP " + kind + " " + list); !gone) {
      return failed(gone.error(), database.name());
    }
  }
  return {};
}

Result<void> move_relations(postgres::Transaction& transaction, const Database& from,
                            const Database& to, std::string_view projection) {
  auto there = relations_in(transaction, to.schema());
  if (!there) return std::move(there).error();
  auto moving = relations_in(transaction, from.schema());
  if (!moving) return std::move(moving).error();
  for (const auto& [name, kind] : *moving) {
    if (there->contains(name)) return name_is_taken(projection, to, name);
    auto moved = transaction.run("ALTER " + kind + " " + table_in(from.schema(), name) +
                                 " SET SCHEMA " + postgres::quoted_name(to.schema()));
    if (!moved) return failed(moved.error(), to.name());
  }
  return {};
}

/// Who else may do what with a table: statements that grant it again, by the table's name.
using Grants = std::multimap<std::string, std::string>;

Result<Grants> grants_in(postgres::Transaction& transaction, const Database& database) {
  postgres::Parameters parameters;
  parameters.text(database.schema());
  auto rows = transaction.run(
      "SELECT c.relname, format('GRANT %s ON %I.%I TO %s%s', a.privilege_type, n.nspname, "
      "c.relname, coalesce(quote_ident(r.rolname), 'PUBLIC'), CASE WHEN a.is_grantable THEN ' WITH "
      "GRANT OPTION' ELSE '' END) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE "
      "n.nspname = $1::text AND c.relkind IN ('r', 'p', 'v') AND a.grantee <> c.relowner AND "
      "(a.grantee = 0 OR r.oid IS NOT NULL)",
      parameters);
  if (!rows) return failed(rows.error(), database.name());
  Grants grants;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    grants.emplace(rows->text(row, 0), rows->text(row, 1));
  }
  return grants;
}

// Those who could read the old tables can read the new ones.
Result<void> grant_again(postgres::Transaction& transaction, const Database& database,
                         const Grants& grants, const std::vector<std::string>& replaced) {
  auto there = relations_in(transaction, database.schema());
  if (!there) return std::move(there).error();
  for (const std::string& name : replaced) {
    if (!there->contains(name)) continue;
    const auto [begin, end] = grants.equal_range(name);
    for (auto grant = begin; grant != end; ++grant) {
      auto granted = transaction.run(grant->second);
      if (!granted) return failed(granted.error(), database.name());
    }
  }
  return {};
}

postgres::Parameters guard_of(const std::string& schema) {
  postgres::Parameters parameters;
  parameters.text(schema);
  return parameters;
}

Error is_being_rebuilt(const ProjectionType& projection, const std::string& schema) {
  return {.code = ErrorCode::unavailable,
          .message = "projection " + std::string(projection.name) +
                     " is being rebuilt already, in schema " + schema};
}

}  // namespace

Result<std::vector<std::string>> create_tables(postgres::Transaction& transaction,
                                               const Database& database,
                                               const ProjectionType& projection) {
  auto before = relations_in(transaction, database.schema());
  if (!before) return std::move(before).error();
  for (std::size_t i = 0; i < projection.table_count; ++i) {
    const TableType& table = *projection.tables[i];
    if (table.name.starts_with("pg_")) {
      return Error{
          .code = ErrorCode::invalid_argument,
          .message = "table " + std::string(table.name) + ": names with pg_ are PostgreSQL's own"};
    }
    if (before->contains(std::string(table.name))) {
      return name_is_taken(projection.name, database, std::string(table.name));
    }
    if (auto made = transaction.run_script(create_sql(database.schema(), table)); !made) {
      return failed(made.error(), "table " + std::string(table.name));
    }
  }
  if (!projection.schema.empty()) {
    if (auto made = run_schema(transaction, projection.schema); !made) {
      Error error = std::move(made).error();
      error.message = "projection " + std::string(projection.name) + ", schema: " + error.message;
      return error;
    }
  }
  auto after = relations_in(transaction, database.schema());
  if (!after) return std::move(after).error();
  std::vector<std::string> made;
  for (const auto& [name, kind] : *after) {
    if (!before->contains(name)) made.push_back(name);
  }
  return made;
}

std::string PostgresReadModelStore::shadow_schema(const ProjectionType& projection) const {
  std::string name(projection.name);
  if (name.size() > projection_letters_max) {
    // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    name = name.substr(0, projection_letters_max - 17) + "_" + digits;
  }
  return database_->schema() + "_rebuild_" + name;
}

Result<std::unique_ptr<PostgresReadModelStore>> PostgresReadModelStore::open_shadow_as_it_is(
    const ProjectionType& projection) const {
  PostgresReadModelOptions options = database_->options();
  options.schema = shadow_schema(projection);
  options.access = PostgresReadModelOptions::Access::create;  // It need not be there yet.
  // As long as this session lives nobody removes it.
  auto guard = database_->open_another();
  if (!guard) return failed(guard.error(), name());
  auto guarded = (*guard)->run("SELECT pg_try_advisory_lock_shared(hashtextextended($1::text, 13))",
                               guard_of(options.schema));
  if (!guarded) return failed(guarded.error(), name());
  if (!guarded->boolean(0, 0)) return is_being_rebuilt(projection, options.schema);
  auto database = Database::open(std::move(options));
  if (!database) return std::move(database).error();
  return std::make_unique<PostgresReadModelStore>(*std::move(database), this, *std::move(guard));
}

Result<std::unique_ptr<ReadModelStore>> PostgresReadModelStore::open_shadow(
    const ProjectionType& projection) {
  if (database_->options().access == PostgresReadModelOptions::Access::read_only) {
    return Error{.code = ErrorCode::unavailable, .message = name() + " is open for reading only"};
  }
  auto shadow = open_shadow_as_it_is(projection);
  if (!shadow) return std::move(shadow).error();
  auto records = (*shadow)->records();
  if (!records) return std::move(records).error();
  const bool same = std::all_of(records->begin(), records->end(), [&](const auto& record) {
    return record.projection == projection.name && record.fingerprint == projection.fingerprint();
  });
  if (!same) {
    shadow->reset();
    if (auto dropped = drop_shadow(projection); !dropped) return std::move(dropped).error();
    shadow = open_shadow_as_it_is(projection);
    if (!shadow) return std::move(shadow).error();
  }
  return std::unique_ptr<ReadModelStore>(*std::move(shadow));
}

Result<void> PostgresReadModelStore::swap_in(const ProjectionType& projection,
                                             ReadModelStore& shadow, SwapOptions options) {
  auto* other = dynamic_cast<PostgresReadModelStore*>(&shadow);
  if (other == nullptr || other->shadowed_ != this) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "what is to be swapped in is not a shadow of " + name()};
  }
  auto swapped = write_unblocked(projection.name, {}, swap_tries, [&](Transaction& transaction) {
    return swap(transaction, projection, *other, options);
  });
  if (!swapped) return std::move(swapped).error();
  tell(*swapped);
  return {};
}

Result<CheckpointRecord> PostgresReadModelStore::swap(Transaction& transaction,
                                                      const ProjectionType& projection,
                                                      const PostgresReadModelStore& shadow,
                                                      SwapOptions options) const {
  // Keeps readers away until the end, and waits for those that are there: see read(). They queue
  // behind us meanwhile, so not for long at a time.
  auto alone = transaction.run_script(
      "LOCK TABLE " + table_in(database_->schema(), "annals_format") + " IN ACCESS EXCLUSIVE MODE");
  if (!alone) return failed(alone.error(), name() + " is being read");
  auto old = database_->checkpoints().partitions(transaction, projection.name,
                                                 CheckpointTable::Lock::for_update);
  if (!old) return std::move(old).error();
  auto found = shadow.database_->checkpoints().partitions(transaction, projection.name,
                                                          CheckpointTable::Lock::for_update);
  if (!found) return std::move(found).error();
  auto made = whole_of(*found);
  if (!made || made->fingerprint != projection.fingerprint()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "the shadow has no tables of projection '" +
                            std::string(projection.name) + "' as it is defined now"};
  }
  CheckpointRecord record = *std::move(made);
  if (auto fits = replace_records(projection, options, *old, record); !fits) {
    return std::move(fits).error();
  }
  std::vector<std::string> replaced;
  if (!old->empty()) replaced = old->front().tables;
  auto grants = grants_in(transaction, *database_);
  if (!grants) return std::move(grants).error();
  auto dropped = drop_relations(transaction, *database_, replaced);
  if (!dropped) return std::move(dropped).error();
  auto moved = move_relations(transaction, *shadow.database_, *database_, projection.name);
  if (!moved) return std::move(moved).error();
  auto granted = grant_again(transaction, *database_, *grants, replaced);
  if (!granted) return std::move(granted).error();
  // Or the next rebuild would go on from a checkpoint without tables.
  auto forgotten = shadow.database_->checkpoints().erase(transaction, projection.name, 0);
  if (forgotten) {
    forgotten =
        database_->checkpoints().erase(transaction, projection.name, record.partition.count);
  }
  if (forgotten) {
    forgotten =
        database_->parked().take_over(transaction, shadow.database_->schema(), projection.name);
  }
  if (!forgotten) return std::move(forgotten).error();
  while (true) {
    auto written =
        database_->checkpoints().write(transaction, record, std::chrono::milliseconds(0));
    if (!written || ++record.partition.index == record.partition.count) return written;
  }
}

Result<void> PostgresReadModelStore::drop_shadow(const ProjectionType& projection) {
  const std::string schema = shadow_schema(projection);
  auto dropped = write([&](Transaction& transaction) -> Result<void> {
    // The session of a process that was killed a moment ago may still be ending.
    if (auto set = transaction.run_script("SET LOCAL lock_timeout = '1s'"); !set) {
      return failed(set.error(), name());
    }
    auto guarded = transaction.run("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 13))",
                                   guard_of(schema));
    if (!guarded && guarded.error().failure == postgres::Failure::timeout) {
      return is_being_rebuilt(projection, schema);
    }
    if (!guarded) return failed(guarded.error(), name());
    auto gone =
        transaction.run("DROP SCHEMA IF EXISTS " + postgres::quoted_name(schema) + " CASCADE");
    if (!gone) return failed(gone.error(), name() + ", schema " + schema);
    return {};
  });
  if (dropped) return dropped;
  return no_timeout(std::move(dropped).error());
}

}  // namespace annals::internal
