#include "schema.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <annals/postgres/transaction.hpp>

#include "schema_sql.hpp"
#include "sql_error_text.hpp"

namespace annals::internal {

namespace {

using postgres::Parameters;
using postgres::Rows;
using postgres::SqlResult;

// Both a connection and a transaction run statements.
template <typename Runner>
Result<FoundSchema> look(Runner& runner, const SchemaName& name) {
  const auto failed = [&](const postgres::SqlError& error) {
    return store_error(error, "looking for the store in schema " + name.plain, true);
  };
  // Read from the catalog itself: to_regclass() may answer as of the beginning of a transaction.
  Parameters where;
  where.text(name.plain);
  const auto there = runner.run(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
      " ON n.oid = c.relnamespace WHERE n.nspname = $1::text AND c.relname = 'store')",
      where);
  if (!there) return failed(there.error());
  if (!there->boolean(0, 0)) return FoundSchema{};
  const auto rows =
      runner.run(name.in("SELECT s.schema_version::text, s.store FROM @schema.store s"));
  if (!rows) {
    // Undefined column: somebody else's table.
    if (rows.error().sqlstate == "42703") {
      return Error{ErrorCode::invalid_argument,
                   "schema " + name.plain +
                       " has a table store that is no event store's: choose another schema"};
    }
    return failed(rows.error());
  }
  if (rows->empty()) {
    return Error{ErrorCode::corrupt, "schema " + name.plain + ": its table store has no row"};
  }
  FoundSchema found;
  const std::string_view version = rows->is_null(0, 0) ? std::string_view("") : rows->text(0, 0);
  const auto [end, fault] =
      std::from_chars(version.data(), version.data() + version.size(), found.version);
  if (fault != std::errc() || end != version.data() + version.size() || found.version < 1 ||
      rows->is_null(0, 1)) {
    return Error{ErrorCode::corrupt, "schema " + name.plain + ": its table store says version '" +
                                         std::string(version) +
                                         "', which no library has written: restore that row"};
  }
  found.identity.store.bytes = rows->uuid(0, 1);
  if (found.version != schema_version) return found;
  const auto eras = runner.run(name.in("SELECT era, begins_after FROM @schema.eras ORDER BY era"));
  if (!eras) return failed(eras.error());
  for (std::size_t i = 0; i < eras->size(); ++i) {
    found.identity.eras.push_back({{static_cast<std::uint32_t>(eras->integer(i, 0))},
                                   {static_cast<std::uint64_t>(eras->integer(i, 1))}});
  }
  if (found.identity.eras.empty()) {
    return Error{ErrorCode::corrupt, "schema " + name.plain + ": its table eras has no row"};
  }
  return found;
}

Result<void> newer(const FoundSchema& found, const SchemaName& name) {
  if (found.version <= schema_version) return {};
  return Error{ErrorCode::unsupported, "schema " + name.plain + " has version " +
                                           std::to_string(found.version) +
                                           ", this library knows up to " +
                                           std::to_string(schema_version) + ": use a newer one"};
}

Error not_made(const postgres::SqlError& error, const SchemaName& name) {
  return store_error(error, "making schema " + name.plain, true);
}

// Text columns hold UTF-8, which other encodings would change or refuse.
Result<void> check_encoding(postgres::Transaction& work, const SchemaName& name) {
  const auto encoding = work.run("SELECT current_setting('server_encoding')");
  if (!encoding) return not_made(encoding.error(), name);
  if (encoding->text(0, 0) == "UTF8") return {};
  return Error{ErrorCode::unsupported, "the database's encoding is " +
                                           std::string(encoding->text(0, 0)) +
                                           ": make one with ENCODING 'UTF8'"};
}

Result<void> make_schema(postgres::Transaction& work, const SchemaName& name,
                         const std::optional<StoreIdentity>& identity) {
  if (auto fits = check_encoding(work, name); !fits) return fits;
  Parameters names;
  names.text(name.plain);
  const auto schema = work.run("SELECT FROM pg_namespace WHERE nspname = $1::text", names);
  if (!schema) return not_made(schema.error(), name);
  if (schema->empty()) {
    auto made = work.run(name.in("CREATE SCHEMA @schema"));
    if (!made) return not_made(made.error(), name);
  }
  for (const char* script : {tables_sql, lookup_sql, append_sql}) {
    if (auto made = work.run_script(name.in(script)); !made) return not_made(made.error(), name);
  }
  const StoreIdentity who =
      identity ? *identity : StoreIdentity{new_store_id(), {{Era{}, GlobalPosition{0}}}};
  Parameters store;
  store.integer(schema_version).bytes(who.store.bytes);
  auto inserted = work.run(
      name.in("INSERT INTO @schema.store (schema_version, store) VALUES ($1::integer, $2::uuid)"),
      store);
  if (!inserted) return not_made(inserted.error(), name);
  for (const EraBegin& line : who.eras) {
    Parameters era;
    era.integer(line.era.value).integer(static_cast<std::int64_t>(line.begins_after.value));
    inserted = work.run(
        name.in("INSERT INTO @schema.eras (era, begins_after) VALUES ($1::integer, $2::bigint)"),
        era);
    if (!inserted) return not_made(inserted.error(), name);
  }
  return {};
}

// From version 1, which has the same tables: functions are all that has changed.
Result<void> upgrade_schema(postgres::Transaction& work, const SchemaName& name) {
  if (auto made = work.run_script(name.in(append_sql)); !made) return not_made(made.error(), name);
  Parameters version;
  version.integer(schema_version);
  auto noted = work.run(name.in("UPDATE @schema.store SET schema_version = $1::integer"), version);
  if (!noted) return not_made(noted.error(), name);
  return {};
}

}  // namespace

Result<FoundSchema> look_at_schema(postgres::Connection& connection, const SchemaName& name) {
  auto found = look(connection, name);
  if (!found) return found;
  if (auto known = newer(*found, name); !known) return std::move(known).error();
  return found;
}

Result<PostgresMigration> migrate_schema(postgres::Connection& connection, const SchemaName& name,
                                         const std::optional<StoreIdentity>& identity) {
  auto transaction = postgres::Transaction::begin(connection);
  if (!transaction) return not_made(transaction.error(), name);
  postgres::Transaction& work = **transaction;
  auto locked = work.run("SELECT pg_advisory_xact_lock(" + name.migration_lock + ")");
  if (!locked) return not_made(locked.error(), name);
  const auto found = look(work, name);
  if (!found) return found.error();
  if (auto known = newer(*found, name); !known) return std::move(known).error();
  const PostgresMigration migration{found->version, schema_version};
  if (found->version == schema_version) return migration;
  auto done = found->version == 0 ? make_schema(work, name, identity) : upgrade_schema(work, name);
  if (!done) return std::move(done).error();
  if (auto committed = work.commit(); !committed) return not_made(committed.error(), name);
  return migration;
}

}  // namespace annals::internal
