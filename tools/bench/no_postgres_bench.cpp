#include "postgres_bench.hpp"

namespace annals::bench {

namespace {
Error without() { return {ErrorCode::unsupported, "annals-bench was built without libpqxx"}; }
}  // namespace

Result<std::shared_ptr<EventStore>> open_postgres_bench_store(const std::string&) {
  return without();
}
Result<std::unique_ptr<EventPeer>> open_category_lock_peer(const std::string&) { return without(); }
Result<std::unique_ptr<EventPeer>> open_message_db_peer(const std::string&) { return without(); }
Result<std::shared_ptr<ReadModelStore>> open_postgres_read_model(const std::string&) {
  return without();
}
Result<std::unique_ptr<PostgresReadModelPeer>> PostgresReadModelPeer::open(const std::string&) {
  return without();
}

}  // namespace annals::bench
