#include "postgres_schema.hpp"

#include <atomic>

#include <annals/postgres/connection.hpp>
#include <annals/postgres/sql_result.hpp>

#include <unistd.h>

namespace annals::bench {

std::string new_schema_name() {
  static std::atomic<int> count = 0;
  return "bench_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

Result<void> run_script(const std::string& url, const std::string& sql) {
  auto connection = postgres::Connection::open({.url = url});
  if (!connection) return to_error(connection.error(), "opening the database");
  if (auto done = (*connection)->run_script(sql); !done) return to_error(done.error(), "preparing");
  return {};
}

void drop_schema(const std::string& url, const std::string& schema) {
  static_cast<void>(run_script(url, "DROP SCHEMA IF EXISTS " + schema + " CASCADE").has_value());
}

}  // namespace annals::bench
