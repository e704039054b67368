#include "read_model_schema.hpp"

#include <atomic>
#include <random>

#include <gtest/gtest.h>

#include <annals/postgres/connection.hpp>

#include "postgres/database.hpp"

#include <unistd.h>

namespace annals::postgres_test {

ReadModelSchema::ReadModelSchema() {
  static std::atomic<int> count = 0;
  static const unsigned random = std::random_device{}() % 10'000;
  name_ = "t_" + std::to_string(::getpid()) + "_" + std::to_string(random) + "_" +
          std::to_string(++count);
}

ReadModelSchema::~ReadModelSchema() {
  auto connection = postgres::Connection::open({.url = *server_url()});
  if (!connection) return;  // A test has ended the server.
  postgres::Parameters prefix;
  prefix.text(name_);
  auto schemas = (*connection)
                     ->run(
                         "SELECT nspname FROM pg_namespace WHERE nspname = $1 OR "
                         "starts_with(nspname::text, $1 || '_rebuild_')",
                         prefix);
  if (!schemas) return;
  for (std::size_t row = 0; row < schemas->size(); ++row) {
    const std::string name = postgres::quoted_name(schemas->text(row, 0));
    auto dropped = (*connection)->run("DROP SCHEMA " + name + " CASCADE");
    if (!dropped) ADD_FAILURE() << dropped.error().message;
  }
}

PostgresReadModelOptions ReadModelSchema::options() const {
  return {.url = *server_url(), .schema = name_, .lock_timeout = std::chrono::seconds(10)};
}

PostgresReadModelOptions ReadModelSchema::named_options() const {
  PostgresReadModelOptions named = options();
  named.url += named.url.find('?') == std::string::npos ? "?" : "&";
  named.url += "application_name=" + name_;
  return named;
}

std::unique_ptr<ReadModelStore> ReadModelSchema::open(const PostgresReadModelOptions& options) {
  auto opened = open_postgres_read_models(options);
  if (opened) return *std::move(opened);
  ADD_FAILURE() << to_string(opened.error());
  return nullptr;
}

}  // namespace annals::postgres_test
