// A program that keeps its rows in PostgreSQL: no server answers here, and that is a value.
#include <cstdio>

#include <annals/projections/postgres_read_model_store.hpp>

int main() {
  const auto rows = annals::open_postgres_read_models(
      {.url = "postgres://nobody@127.0.0.1:1/nothing", .patience = std::chrono::milliseconds(100)});
  if (rows) return 1;
  std::puts(to_string(rows.error()).c_str());
  return rows.error().code == annals::ErrorCode::unavailable ? 0 : 1;
}
