#include <algorithm>
#include <cctype>
#include <utility>

#include <annals/eventstore/log_event_store.hpp>

#include "commands.hpp"
#include "store_address.hpp"

#if ANNALS_WITH_POSTGRES
#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection.hpp>
#endif

namespace annals::cli {

namespace {

#if ANNALS_WITH_POSTGRES

PostgresOptions database_options(const std::string& address) {
  PostgresOptions options;
  const std::size_t mark = address.find('#');
  options.url = address.substr(0, mark);
  options.patience = std::chrono::milliseconds(500);  // A person waits, and can ask again.
  if (mark != std::string::npos) options.schema = address.substr(mark + 1);
  return options;
}

#endif

}  // namespace

Error without_postgres() {
  return {ErrorCode::unavailable,
          "this program was built without PostgreSQL: libpqxx was not installed then"};
}

bool is_database(const std::string& address) {
  return address.starts_with("postgres://") || address.starts_with("postgresql://");
}

bool looks_like_an_address(const std::string& text) {
  std::string lower = text.substr(0, 9);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.starts_with("postgres:") || text.find("://") != std::string::npos ||
         text.find("password=") != std::string::npos;
}

#if ANNALS_WITH_POSTGRES

std::string shown_address(const std::string& address) {
  if (!is_database(address)) return address;
  const PostgresOptions options = database_options(address);
  return postgres::without_password(options.url) +
         (options.schema == "annals" ? "" : "#" + options.schema);
}

Result<std::unique_ptr<EventStore>> open_store(const std::string& address) {
  if (is_database(address)) {
    PostgresOptions options = database_options(address);
    options.access = PostgresOptions::Access::read_only;
    return open_postgres_event_store(std::move(options));
  }
  return open_log_event_store({.path = address, .access = LogOptions::Access::read_only});
}

Result<VerifyReport> verify_database(const std::string& address, const VerifyOptions& options) {
  return verify_postgres_event_store(database_options(address), options);
}

Result<Migrated> migrate_store(const std::string& address) {
  if (!is_database(address)) {
    return Error{ErrorCode::invalid_argument,
                 "a folder needs no migration: expected the URL of a database, postgres://…"};
  }
  const auto migrated = migrate_postgres_event_store(database_options(address));
  if (!migrated) return migrated.error();
  return Migrated{migrated->from, migrated->to};
}

#else

std::string shown_address(const std::string& address) {
  return is_database(address) ? "postgres://…" : address;
}

Result<std::unique_ptr<EventStore>> open_store(const std::string& address) {
  if (is_database(address)) return without_postgres();
  return open_log_event_store({.path = address, .access = LogOptions::Access::read_only});
}

Result<VerifyReport> verify_database(const std::string&, const VerifyOptions&) {
  return without_postgres();
}

Result<Migrated> migrate_store(const std::string&) { return without_postgres(); }

#endif

Result<std::unique_ptr<EventStore>> open_store_to_import(const std::string& address,
                                                         const ImportAccess& access) {
  if (is_database(address)) {
#if ANNALS_WITH_POSTGRES
    PostgresOptions options = database_options(address);
    if (access.settled) options.access = PostgresOptions::Access::must_exist;
    options.limits.data_bytes_max = Limits::data_bytes_ceiling;
    options.identity = access.identity;
    options.clock = access.clock;
    options.max_clock_skew = access.max_clock_skew;
    return open_postgres_event_store(std::move(options));
#else
    return without_postgres();
#endif
  }
  LogOptions options;
  options.path = address;
  options.limits.data_bytes_max = Limits::data_bytes_ceiling;
  if (access.compress) options.compression = Compression::zstd;
  options.identity = access.identity;
  if (access.clock) options.clock = access.clock;
  options.max_clock_skew = access.max_clock_skew;
  if (access.settled) {
    options.access = LogOptions::Access::must_exist;
  } else {
    // An import that is cut short is run again, so nobody waits for each of its appends: all of
    // them are made durable at the end.
    options.durability = Durability::survives_process_only;
  }
  return open_log_event_store(std::move(options));
}

}  // namespace annals::cli
