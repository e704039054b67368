#include "session.hpp"

#include <filesystem>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>

#if BANK_WITH_POSTGRES
#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
#endif

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

namespace {

using EventStorePtr = std::unique_ptr<annals::EventStore>;
using ReadModelStorePtr = std::unique_ptr<annals::ReadModelStore>;

annals::LogOptions log_options(const std::string& folder, Access access) {
  using LogAccess = annals::LogOptions::Access;
  const auto asked = access == Access::make    ? LogAccess::create
                     : access == Access::write ? LogAccess::must_exist
                                               : LogAccess::read_only;
  return {.path = folder, .access = asked};
}

#if BANK_WITH_POSTGRES
// Both may lie in one database.
constexpr const char* events_schema = "bank";
constexpr const char* tables_schema = "bank_read_models";

Result<EventStorePtr> open_store_at(const std::string& url, Access access) {
  using DatabaseAccess = annals::PostgresOptions::Access;
  const auto asked = access == Access::make    ? DatabaseAccess::create
                     : access == Access::write ? DatabaseAccess::must_exist
                                               : DatabaseAccess::read_only;
  return annals::open_postgres_event_store({.url = url, .schema = events_schema, .access = asked});
}

Result<ReadModelStorePtr> open_read_models_at(const std::string& url) {
  return annals::open_postgres_read_models({.url = url, .schema = tables_schema});
}
#else
constexpr const char* tables_schema = "";

Error without_postgres() {
  return {ErrorCode::unsupported, "this bank was built without PostgreSQL"};
}
Result<EventStorePtr> open_store_at(const std::string&, Access) { return without_postgres(); }
Result<ReadModelStorePtr> open_read_models_at(const std::string&) { return without_postgres(); }
#endif

}  // namespace

Result<EventStorePtr> Session::open(Access access) const {
  if (!store.empty()) return open_store_at(store, access);
  return annals::open_log_event_store(log_options(data, access));
}

Result<ReadModelStorePtr> Session::open_read_models() const {
  if (!read_models.empty()) return open_read_models_at(read_models);
  // A log has made its folder; a database has not.
  std::error_code failed;
  std::filesystem::create_directories(data, failed);
  if (failed) return Error{ErrorCode::unavailable, data + ": " + failed.message()};
  return annals::open_sqlite_read_models({.path = place_of_tables()});
}

Result<annals::VerifyReport> Session::verify(const annals::VerifyOptions& options) const {
  if (store.empty()) return annals::verify_log_files(log_options(data, Access::read), options);
  const auto opened = open(Access::read);
  if (!opened) return opened.error();
  return (*opened)->verify(options);
}

// URLs may hold passwords.
std::string Session::place() const { return store.empty() ? data : "the database"; }

std::string Session::place_of_tables() const {
  return read_models.empty() ? data + "/read-models.db" : "the database";
}

std::string Session::shell_command(const std::string& select) const {
  if (read_models.empty()) return "sqlite3 -box " + place_of_tables() + " \"" + select + "\"";
  return "psql postgres://… -c \"SET search_path TO " + std::string(tables_schema) + "\" -c \"" +
         select + "\"";
}

}  // namespace bank
