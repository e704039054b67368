#include "read_model_place.hpp"

#include <filesystem>
#include <utility>

#include <annals/projections/sqlite_read_model_store.hpp>

#include "store_address.hpp"

#if ANNALS_WITH_POSTGRES
#include <annals/projections/postgres_read_model_store.hpp>
#endif

namespace annals::cli {

namespace {

template <typename Access>
Access access_of(ReadModelAccess asked) {
  switch (asked) {
    case ReadModelAccess::read: return Access::read_only;
    case ReadModelAccess::change: return Access::must_exist;
    case ReadModelAccess::make: break;
  }
  return Access::create;
}

Result<std::unique_ptr<ReadModelStore>> open_database(const std::string& address,
                                                      ReadModelAccess access) {
#if ANNALS_WITH_POSTGRES
  PostgresReadModelOptions options;
  const std::size_t mark = address.find('#');
  options.url = address.substr(0, mark);
  if (mark != std::string::npos) options.schema = address.substr(mark + 1);
  options.access = access_of<PostgresReadModelOptions::Access>(access);
  options.patience = std::chrono::milliseconds(500);  // A person waits, and can ask again.
  return open_postgres_read_models(std::move(options));
#else
  static_cast<void>(address), static_cast<void>(access);
  return without_postgres();
#endif
}

}  // namespace

bool is_missing_file(const std::string& place) {
  return !is_database(place) && !std::filesystem::exists(place);
}

Result<std::unique_ptr<ReadModelStore>> open_read_models(const std::string& place,
                                                         ReadModelAccess access) {
  if (is_database(place)) return open_database(place, access);
  return open_sqlite_read_models(
      {.path = place, .access = access_of<SqliteOptions::Access>(access)});
}

}  // namespace annals::cli
