#include <algorithm>
#include <thread>
#include <utility>

#include <annals/postgres/connection.hpp>

#include "connection_inside.hpp"
#include "conninfo.hpp"

namespace annals::postgres {

namespace {

constexpr std::size_t statements_kept_max = 256;
constexpr int oldest_server = 130000;

const SqlError lost_before{Failure::not_connected, {}, "the connection was lost earlier"};

SqlDone settle_in(Connection& connection, const ConnectionOptions& options) {
  Parameters parameters;
  std::string sql =
      "SELECT set_config('default_transaction_isolation', 'read committed', false),"
      " set_config('TimeZone', 'UTC', false), set_config('bytea_output', 'hex', false),"
      " set_config('client_min_messages', 'warning', false),"
      " set_config('standard_conforming_strings', 'on', false),"
      // Anything but 'off' waits for the disk; what is stricter than 'on' stays.
      " CASE WHEN current_setting('synchronous_commit') = 'off'"
      " THEN set_config('synchronous_commit', 'on', false) END,"
      " set_config('statement_timeout', $1::text, false)";
  parameters.text(std::to_string(options.statement_timeout.count()));
  for (const auto& [name, value] : options.settings) {
    parameters.text(name).text(value);
    sql += ", set_config($" + std::to_string(parameters.size() - 1) + "::text, $" +
           std::to_string(parameters.size()) + "::text, false)";
  }
  auto done = connection.run(sql, parameters);
  if (!done) return std::move(done).error();
  return std::monostate{};
}

}  // namespace

Rows RowsMaker::make(pqxx::result result) {
  Rows rows;
  rows.rows_ = static_cast<std::size_t>(result.size());
  rows.columns_ = static_cast<std::size_t>(result.columns());
  rows.affected_ = static_cast<std::size_t>(std::max(0, rows_affected(result)));
  std::vector<std::uint32_t> types;
  types.reserve(rows.columns_);
  for (std::size_t column = 0; column < rows.columns_; ++column) {
    const auto number = static_cast<pqxx::row_size_type>(column);
    types.push_back(static_cast<std::uint32_t>(result.column_type(number)));
  }
  rows.types_ = std::make_shared<const std::vector<std::uint32_t>>(std::move(types));
  std::vector<Rows::Cell> cells;
  cells.reserve(rows.rows_ * rows.columns_);
  for (const auto& row : result) {
    for (const auto& field : row) {
      cells.push_back(field.is_null() ? Rows::Cell{} : Rows::Cell{field.c_str(), field.size()});
    }
  }
  rows.cells_ = std::make_shared<const std::vector<Rows::Cell>>(std::move(cells));
  rows.owner_ = std::make_shared<const pqxx::result>(std::move(result));
  return rows;
}

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

Connection::Connection(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Connection::~Connection() {
  try {
    inside_->receivers.clear();  // They say UNLISTEN, which a lost session does not hear.
    inside_.reset();
  } catch (...) {  // NOLINT(bugprone-empty-catch): a session that ends badly has ended.
  }
}

SqlResult<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  auto conninfo = conninfo_of(options);
  if (!conninfo) return SqlError{Failure::other, {}, without_password(options.url)};
  std::unique_ptr<Connection> connection;
  try {
    connection.reset(new Connection(std::make_unique<Inside>(conninfo->text, conninfo->password)));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    forbid_reconnecting(connection->inside_->session);
#pragma GCC diagnostic pop
  } catch (...) {
    SqlError error = caught(false, conninfo->password);
    error.failure = Failure::not_connected;
    return error;
  }
  if (connection->server_version() < oldest_server) {
    return SqlError{Failure::unsupported,
                    {},
                    "the server is PostgreSQL " +
                        std::to_string(connection->server_version() / 10000) +
                        ", at least 13 is needed"};
  }
  if (auto settled = settle_in(*connection, options); !settled) return std::move(settled).error();
  if (options.check) {
    if (auto checked = options.check(*connection); !checked) return std::move(checked).error();
  }
  return connection;
}

SqlResult<std::unique_ptr<Connection>> Connection::open_within(const ConnectionOptions& options,
                                                               std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::chrono::milliseconds pause(10);
  while (true) {
    auto connection = open(options);
    const auto hopeless = [&](Failure failure) {
      return failure == Failure::other || failure == Failure::unsupported ||
             failure == Failure::diverged;
    };
    if (connection || hopeless(connection.error().failure) ||
        std::chrono::steady_clock::now() + pause >= until) {
      return connection;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, std::chrono::seconds(1));
  }
}

std::optional<std::string> Connection::Inside::name_of(const std::string& sql) {
  const auto found = prepared.find(sql);
  if (found != prepared.end()) return found->second;
  if (prepared.size() >= statements_kept_max) return std::nullopt;
  std::string name = "annals_" + std::to_string(prepared.size() + 1);
  session.prepare(name, sql);
  prepared.emplace(sql, name);
  return name;
}

SqlResult<Rows> Connection::Inside::run(pqxx::transaction_base& work, const std::string& sql,
                                        const Parameters& parameters, bool keep) {
  return guarded(session, password, [&] {
    const auto name = keep ? name_of(sql) : std::nullopt;
    return RowsMaker::make(name ? run_named(work, *name, parameters)
                                : run_with(work, sql, parameters));
  });
}

SqlResult<Rows> Connection::run(std::string_view sql, const Parameters& parameters) {
  if (lost()) return lost_before;
  try {
    pqxx::nontransaction work(inside_->session);
    return inside_->run(work, std::string(sql), parameters, false);
  } catch (...) {
    return caught(!lost(), inside_->password);
  }
}

SqlResult<Rows> Connection::run_prepared(const std::string& sql, const Parameters& parameters) {
  if (lost()) return lost_before;
  try {
    pqxx::nontransaction work(inside_->session);
    return inside_->run(work, sql, parameters, true);
  } catch (...) {
    return caught(!lost(), inside_->password);
  }
}

SqlDone Connection::run_script(const std::string& sql) {
  if (lost()) return lost_before;
  return guarded(inside_->session, inside_->password, [&] {
    pqxx::nontransaction work(inside_->session);
    work.exec(sql);
    return std::monostate{};
  });
}

SqlDone Connection::listen(std::string_view channel) {
  if (lost()) return lost_before;
  return guarded(inside_->session, inside_->password, [&] {
    inside_->receivers.push_back(
        std::make_unique<Receiver>(inside_->session, std::string(channel), inside_->received));
    return std::monostate{};
  });
}

SqlResult<std::vector<Notification>> Connection::await_notifications(
    std::chrono::milliseconds timeout) {
  if (lost()) return lost_before;
  return guarded(inside_->session, inside_->password, [&] {
    inside_->session.get_notifs();
    if (inside_->received.empty()) {
      const auto whole = std::chrono::floor<std::chrono::seconds>(timeout);
      const std::chrono::microseconds rest = timeout - whole;
      inside_->session.await_notification(static_cast<long>(whole.count()),
                                          static_cast<long>(rest.count()));
    }
    return std::exchange(inside_->received, {});
  });
}

SqlResult<std::vector<Notification>> Connection::take_notifications() {
  if (lost()) return lost_before;
  auto taken = guarded(inside_->session, inside_->password, [&] {
    inside_->session.get_notifs();
    return std::exchange(inside_->received, {});
  });
  if (taken && lost()) return SqlError{Failure::connection_lost, {}, "the connection was lost"};
  return taken;
}

int Connection::socket() const noexcept { return lost() ? -1 : inside_->session.sock(); }

void Connection::cancel() noexcept {
  try {
    inside_->session.cancel_query();
  } catch (...) {  // NOLINT(bugprone-empty-catch): it then runs on to its end.
  }
}

bool Connection::lost() const noexcept { return !inside_->session.is_open(); }
int Connection::backend() const noexcept { return inside_->session.backendpid(); }
int Connection::server_version() const noexcept { return inside_->session.server_version(); }

}  // namespace annals::postgres
