#include <utility>

#include <annals/postgres/transaction.hpp>

#include "connection_inside.hpp"

namespace annals::postgres {

struct Transaction::Inside {
  explicit Inside(Connection::Inside& of) : connection(of) {}
  Connection::Inside& connection;
  std::unique_ptr<pqxx::transaction_base> work;
};

Transaction::Transaction(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Transaction::~Transaction() { roll_back(); }

SqlResult<std::unique_ptr<Transaction>> Transaction::begin(Connection& connection,
                                                           Isolation isolation) {
  if (connection.lost()) {
    return SqlError{Failure::not_connected, {}, "the connection was lost earlier"};
  }
  Connection::Inside& of = *connection.inside_;
  return guarded(of.session, of.password, [&] {
    auto inside = std::make_unique<Inside>(of);
    switch (isolation) {
      case Isolation::read_committed:
        inside->work = std::make_unique<pqxx::work>(of.session);
        break;
      case Isolation::repeatable_read:
        inside->work =
            std::make_unique<pqxx::transaction<pqxx::isolation_level::repeatable_read>>(of.session);
        break;
      case Isolation::serializable:
        inside->work =
            std::make_unique<pqxx::transaction<pqxx::isolation_level::serializable>>(of.session);
        break;
    }
    return std::unique_ptr<Transaction>(new Transaction(std::move(inside)));
  });
}

SqlResult<Rows> Transaction::run(std::string_view sql, const Parameters& parameters) {
  return inside_->connection.run(*inside_->work, std::string(sql), parameters, false);
}

SqlResult<Rows> Transaction::run_prepared(const std::string& sql, const Parameters& parameters) {
  return inside_->connection.run(*inside_->work, sql, parameters, true);
}

SqlDone Transaction::run_script(const std::string& sql) {
  return guarded(inside_->connection.session, inside_->connection.password, [&] {
    inside_->work->exec(sql);
    return std::monostate{};
  });
}

SqlDone Transaction::commit() {
  auto done = guarded(inside_->connection.session, inside_->connection.password, [&] {
    inside_->work->commit();
    return std::monostate{};
  });
  if (!done && done.error().failure == Failure::connection_lost) {
    SqlError error = std::move(done).error();
    error.failure = Failure::in_doubt;
    return error;
  }
  return done;
}

void Transaction::roll_back() noexcept {
  try {
    inside_->work.reset();  // Its end rolls back what was not committed.
  } catch (...) {           // NOLINT(bugprone-empty-catch): so does the end of a lost session.
  }
}

}  // namespace annals::postgres
