#include <utility>

#include <annals/postgres/transaction.hpp>
#include <annals/projections/postgres_read_model_store.hpp>

#include "postgres_bench.hpp"
#include "postgres_schema.hpp"

namespace annals::bench {

namespace {

using postgres::Connection;
using postgres::Parameters;
using postgres::Transaction;

class ByHand final : public PostgresReadModelPeer {
 public:
  ByHand(std::string url, std::string schema, std::unique_ptr<Connection> connection)
      : url_(std::move(url)),
        schema_(std::move(schema)),
        upsert_("INSERT INTO " + schema_ +
                ".balances AS b VALUES ($1, $2, 1) ON CONFLICT (account) DO UPDATE SET"
                " balance = b.balance + excluded.balance, bookings = b.bookings + 1"),
        move_("UPDATE " + schema_ + ".checkpoint SET position = $1"),
        connection_(std::move(connection)) {}
  ~ByHand() override {
    transaction_.reset();
    connection_.reset();
    drop_schema(url_, schema_);
  }

  Result<void> begin() override {
    auto begun = Transaction::begin(*connection_);
    if (!begun) return to_error(begun.error(), "projecting");
    transaction_ = *std::move(begun);
    return {};
  }
  Result<void> clear() override { return run("DELETE FROM " + schema_ + ".balances", {}); }
  Result<void> book(std::string_view account, std::int64_t amount) override {
    return run(upsert_, Parameters().text(account).integer(amount));
  }
  Result<void> commit(std::uint64_t position) override {
    auto moved = run(move_, Parameters().integer(static_cast<std::int64_t>(position)));
    if (!moved) return moved;
    auto done = transaction_->commit();
    transaction_.reset();
    if (!done) return to_error(done.error(), "projecting");
    return {};
  }

 private:
  Result<void> run(const std::string& sql, const Parameters& parameters) {
    auto done = transaction_->run_prepared(sql, parameters);
    if (!done) return to_error(done.error(), "projecting");
    return {};
  }

  const std::string url_;
  const std::string schema_;
  const std::string upsert_;
  const std::string move_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Transaction> transaction_;  // Ends before its connection.
};

}  // namespace

Result<std::shared_ptr<ReadModelStore>> open_postgres_read_model(const std::string& url) {
  const std::string schema = new_schema_name();
  auto rows = open_postgres_read_models({.url = url, .schema = schema});
  if (!rows) return std::move(rows).error();
  return std::shared_ptr<ReadModelStore>(rows->release(), [url, schema](ReadModelStore* ended) {
    delete ended;
    drop_schema(url, schema);
  });
}

Result<std::unique_ptr<PostgresReadModelPeer>> PostgresReadModelPeer::open(const std::string& url) {
  const std::string schema = new_schema_name();
  auto made = run_script(url, "CREATE SCHEMA " + schema + "; CREATE TABLE " + schema +
                                  ".balances (account text PRIMARY KEY, balance bigint NOT NULL,"
                                  " bookings bigint NOT NULL); CREATE TABLE " +
                                  schema + ".checkpoint (position bigint NOT NULL); INSERT INTO " +
                                  schema + ".checkpoint VALUES (0)");
  if (!made) return std::move(made).error();
  auto connection = Connection::open({.url = url});
  if (!connection) return to_error(connection.error(), "opening the database");
  return std::unique_ptr<PostgresReadModelPeer>(
      std::make_unique<ByHand>(url, schema, *std::move(connection)));
}

}  // namespace annals::bench
