#include "session.hpp"

#include <filesystem>
#include <utility>

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

struct Address {
  std::string url;
  std::string schema;
};
Address address_of(const std::string& text, const char* schema) {
  const std::size_t mark = text.find('#');
  if (mark == std::string::npos) return {text, schema};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

// Both may lie in one database.
constexpr const char* events_schema = "bank";
constexpr const char* tables_schema = "bank_read_models";

annals::LogOptions log_options(const std::string& folder, Access access) {
  using LogAccess = annals::LogOptions::Access;
  const auto asked = access == Access::make    ? LogAccess::create
                     : access == Access::write ? LogAccess::must_exist
                                               : LogAccess::read_only;
  return {.path = folder, .access = asked};
}

#if BANK_WITH_POSTGRES
Result<EventStorePtr> open_store_at(const Address& place, Access access) {
  using DatabaseAccess = annals::PostgresOptions::Access;
  const auto asked = access == Access::make    ? DatabaseAccess::create
                     : access == Access::write ? DatabaseAccess::must_exist
                                               : DatabaseAccess::read_only;
  return annals::open_postgres_event_store(
      {.url = place.url, .schema = place.schema, .access = asked});
}

Result<ReadModelStorePtr> open_read_models_at(const Address& place) {
  return annals::open_postgres_read_models({.url = place.url, .schema = place.schema});
}
#else
Error without_postgres() {
  return {ErrorCode::unsupported, "this bank was built without PostgreSQL"};
}
Result<EventStorePtr> open_store_at(const Address&, Access) { return without_postgres(); }
Result<ReadModelStorePtr> open_read_models_at(const Address&) { return without_postgres(); }
#endif

}  // namespace

Result<EventStorePtr> Session::open(Access access) const {
  if (!store.empty() && compress) {
    return Error{ErrorCode::invalid_argument, "only the segments of a log can be compressed"};
  }
  if (!store.empty()) return open_store_at(address_of(store, events_schema), access);
  annals::LogOptions options = log_options(data, access);
  if (compress) options.compression = annals::Compression::zstd;
  return annals::open_log_event_store(std::move(options));
}

Result<ReadModelStorePtr> Session::open_read_models() const {
  if (!read_models.empty()) return open_read_models_at(address_of(read_models, tables_schema));
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
  return "psql postgres://… -c \"SET search_path TO " +
         address_of(read_models, tables_schema).schema + "\" -c \"" + select + "\"";
}

}  // namespace bank
