#include "session.hpp"

#include <filesystem>

#include <annals/eventstore/log_event_store.hpp>

#if BANK_WITH_POSTGRES
#include <annals/eventstore/postgres_event_store.hpp>
#endif

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

namespace {

annals::LogOptions log_options(const std::string& folder, Access access) {
  using LogAccess = annals::LogOptions::Access;
  const auto asked = access == Access::make    ? LogAccess::create
                     : access == Access::write ? LogAccess::must_exist
                                               : LogAccess::read_only;
  return {.path = folder, .access = asked};
}

Result<std::unique_ptr<annals::EventStore>> open_database(const Session& session, Access access) {
#if BANK_WITH_POSTGRES
  using DatabaseAccess = annals::PostgresOptions::Access;
  // The read models want their folder, which a log would have made.
  std::error_code failed;
  std::filesystem::create_directories(session.data, failed);
  if (failed) return Error{ErrorCode::unavailable, session.data + ": " + failed.message()};
  const auto asked = access == Access::make    ? DatabaseAccess::create
                     : access == Access::write ? DatabaseAccess::must_exist
                                               : DatabaseAccess::read_only;
  return annals::open_postgres_event_store(
      {.url = session.database, .schema = "bank", .access = asked});
#else
  (void)session, (void)access;
  return Error{ErrorCode::unsupported, "this bank was built without PostgreSQL"};
#endif
}

}  // namespace

Result<std::unique_ptr<annals::EventStore>> Session::open(Access access) const {
  if (!database.empty()) return open_database(*this, access);
  return annals::open_log_event_store(log_options(data, access));
}

Result<annals::VerifyReport> Session::verify(const annals::VerifyOptions& options) const {
  if (database.empty()) return annals::verify_log_files(log_options(data, Access::read), options);
  const auto store = open(Access::read);
  if (!store) return store.error();
  return (*store)->verify(options);
}

std::string Session::place() const { return database.empty() ? data : "the database"; }

}  // namespace bank
