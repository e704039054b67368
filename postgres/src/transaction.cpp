#include <array>
#include <stdexcept>
#include <tuple>
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

struct CopyWriter::Inside {
  explicit Inside(Connection::Inside& of) : connection(of) {}
  Connection::Inside& connection;
  std::unique_ptr<pqxx::stream_to> stream;
};

namespace {

std::unique_ptr<pqxx::stream_to> stream_into(pqxx::transaction_base& work, const std::string& table,
                                             const std::vector<std::string>& columns) {
#if PQXX_VERSION_MAJOR >= 7
  std::string list;
  for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + column;
  return std::make_unique<pqxx::stream_to>(pqxx::stream_to::raw_table(work, table, list));
#else
  return std::make_unique<pqxx::stream_to>(work, table, columns);
#endif
}

#if PQXX_VERSION_MAJOR >= 7

void write_row(pqxx::stream_to& stream, std::span<const std::optional<std::string>> values) {
  stream.write_row(values);
}

#else

// 6.4 takes tuples and nothing else: one function for each number of columns.
constexpr std::size_t columns_max = 64;
using Values = std::span<const std::optional<std::string>>;
using WriteRow = void (*)(pqxx::stream_to&, Values);

template <std::size_t... Column>
WriteRow writer_of(std::index_sequence<Column...>) {
  return [](pqxx::stream_to& stream, Values values) { stream << std::tie(values[Column]...); };
}

template <std::size_t... Less>
std::array<WriteRow, sizeof...(Less)> writers_of(std::index_sequence<Less...>) {
  return {writer_of(std::make_index_sequence<Less + 1>())...};
}

void write_row(pqxx::stream_to& stream, Values values) {
  static const auto writers = writers_of(std::make_index_sequence<columns_max>());
  if (values.empty() || values.size() > columns_max) {
    throw std::invalid_argument("COPY of " + std::to_string(values.size()) + " columns: 1 to " +
                                std::to_string(columns_max));
  }
  writers[values.size() - 1](stream, values);
}

#endif

}  // namespace

CopyWriter::CopyWriter(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
CopyWriter::~CopyWriter() {
  try {
    inside_->stream.reset();
  } catch (...) {  // NOLINT(bugprone-empty-catch): without finish() nothing is kept anyway.
  }
}

SqlResult<std::unique_ptr<CopyWriter>> CopyWriter::begin(Transaction& transaction,
                                                         std::string_view table,
                                                         const std::vector<std::string>& columns) {
  Connection::Inside& of = transaction.inside_->connection;
  return guarded(of.session, of.password, [&] {
    auto inside = std::make_unique<Inside>(of);
    inside->stream = stream_into(*transaction.inside_->work, std::string(table), columns);
    return std::unique_ptr<CopyWriter>(new CopyWriter(std::move(inside)));
  });
}

SqlDone CopyWriter::row(std::span<const std::optional<std::string>> values) {
  return guarded(inside_->connection.session, inside_->connection.password, [&] {
    write_row(*inside_->stream, values);
    return std::monostate{};
  });
}

SqlDone CopyWriter::finish() {
  return guarded(inside_->connection.session, inside_->connection.password, [&] {
    inside_->stream->complete();
    return std::monostate{};
  });
}

std::string CopyWriter::bytes(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex = "\\x";
  hex.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

}  // namespace annals::postgres
