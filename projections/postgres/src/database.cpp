#include "database.hpp"

#include <algorithm>
#include <utility>

#include "failures.hpp"
#include "table_sql.hpp"

namespace annals::internal {

namespace {

constexpr std::int64_t format_version = 3;

std::string name_of(const PostgresReadModelOptions& options) {
  return "PostgreSQL " + postgres::without_password(options.url) + ", schema " + options.schema;
}

postgres::ConnectionOptions connecting_by(const PostgresReadModelOptions& options) {
  return {.url = options.url,
          .application_name = "annals read models",
          .connect_timeout = options.patience,
          .statement_timeout = options.statement_timeout,
          .settings = {{"search_path", postgres::quoted_name(options.schema) + ", pg_temp"},
                       {"lock_timeout", std::to_string(options.lock_timeout.count())},
                       {"DateStyle", "ISO, YMD"},
                       {"extra_float_digits", "1"},
                       // A plan that is kept was made for the table as it was: empty, often.
                       {"plan_cache_mode", "force_custom_plan"},
                       // A batch's rows are looked up in the index, not found by reading the table:
                       // it is in memory, or on a disk that does not mind.
                       {"random_page_cost", "1.1"},
                       {"jit", "off"}}};
}

bool is_schema_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.starts_with("pg_")) return false;
  if (name.front() >= '0' && name.front() <= '9') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Database::Database(PostgresReadModelOptions options)
    : options_(std::move(options)),
      connecting_(connecting_by(options_)),
      checkpoints_(options_.schema, name_of(options_)),
      parked_(options_.schema, name_of(options_)),
      readers_(connecting_, std::max<std::size_t>(options_.connections_max, 1)),
      writers_(connecting_, std::max<std::size_t>(options_.connections_max, 1)) {}

std::string Database::name() const { return name_of(options_); }

Result<std::unique_ptr<Database>> Database::open(PostgresReadModelOptions options) {
  if (!is_schema_name(options.schema)) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "'" + options.schema +
                            "' cannot be the schema of read models: 1 to 30 "
                            "of a-z, 0-9 and _, beginning with a letter, and not with pg_"};
  }
  std::unique_ptr<Database> database(new Database(std::move(options)));
  auto connection = database->readers_.lend(database->options_.patience);
  if (!connection) return failed(connection.error(), database->name());
  if (auto prepared = database->prepare_schema(**connection); !prepared) {
    return no_timeout(std::move(prepared).error());
  }
  return database;
}

Result<void> Database::prepare_schema(postgres::Connection& connection) const {
  using Access = PostgresReadModelOptions::Access;
  const auto find_format = [&]() -> Result<std::optional<std::int64_t>> {
    postgres::Parameters table;
    table.text(table_in(schema(), "annals_format"));
    auto there = connection.run("SELECT to_regclass($1::text) IS NOT NULL", table);
    if (!there) return failed(there.error(), name());
    if (!there->boolean(0, 0)) return std::optional<std::int64_t>();
    auto rows = connection.run("SELECT format FROM " + table_in(schema(), "annals_format"));
    if (!rows) return failed(rows.error(), name());
    return std::optional<std::int64_t>(rows->empty() ? 0 : rows->integer(0, 0));
  };
  auto format = find_format();
  if (!format) return std::move(format).error();
  if (!*format) {
    if (options_.access != Access::create) {
      return Error{.code = ErrorCode::unavailable, .message = name() + " has no read models yet"};
    }
    if (auto made = make_schema(connection); !made) return made;
    format = find_format();
    if (!format) return std::move(format).error();
  }
  if (*format && **format == format_version) return {};
  if (*format && **format >= 1 && **format < format_version)
    return upgrade_schema(connection, **format);
  return Error{.code = ErrorCode::unsupported,
               .message = name() + " has format " + std::to_string(format->value_or(0)) +
                          ", this program knows formats up to " + std::to_string(format_version) +
                          ": use a newer annals"};
}

Result<void> Database::upgrade_schema(postgres::Connection& connection, std::int64_t found) const {
  const std::string to = " to format " + std::to_string(format_version);
  if (options_.access == PostgresReadModelOptions::Access::read_only) {
    return Error{.code = ErrorCode::unsupported,
                 .message = name() + " has format " + std::to_string(found) +
                            ", and is open for reading only: a program that "
                            "projects into it brings it" +
                            to};
  }
  auto begun = postgres::Transaction::begin(connection);
  if (!begun) return failed(begun.error(), name());
  postgres::Transaction& transaction = **begun;
  postgres::Parameters key;
  key.text(schema());
  auto locked = transaction.run("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))", key);
  if (!locked) return failed(locked.error(), name());
  // Another process may have been at it meanwhile.
  const std::string table = table_in(schema(), "annals_format");
  auto now = transaction.run("SELECT format FROM " + table);
  if (!now) return failed(now.error(), name());
  const std::int64_t format = now->empty() ? format_version : now->integer(0, 0);
  if (format < format_version) {
    auto upgraded =
        transaction.run_script(upgrade_checkpoint_table_sql(schema(), format) +
                               (format < 2 ? create_parked_table_sql(schema()) : "") + "UPDATE " +
                               table + " SET format = " + std::to_string(format_version));
    if (!upgraded) return failed(upgraded.error(), name() + " cannot be brought" + to);
  }
  if (auto committed = transaction.commit(); !committed) return failed(committed.error(), name());
  return {};
}

Result<void> Database::make_schema(postgres::Connection& connection) const {
  auto begun = postgres::Transaction::begin(connection);
  if (!begun) return failed(begun.error(), name());
  postgres::Transaction& transaction = **begun;
  // IF NOT EXISTS does not wait for another one who is making the same. A schema that was made for
  // us needs no right to make one.
  postgres::Parameters key;
  key.text(schema());
  auto locked = transaction.run("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7))", key);
  if (!locked) return failed(locked.error(), name());
  auto there = transaction.run("SELECT to_regnamespace(quote_ident($1::text)) IS NOT NULL", key);
  if (!there) return failed(there.error(), name());
  if (!there->boolean(0, 0)) {
    auto made = transaction.run("CREATE SCHEMA " + postgres::quoted_name(schema()));
    if (!made) {
      Error error = failed(made.error(), name() + " cannot be made");
      if (made.error().failure == postgres::Failure::permission_denied) {
        error.message += ": GRANT CREATE ON DATABASE … TO the role, or CREATE SCHEMA " + schema() +
                         " AUTHORIZATION the role";
      }
      return error;
    }
  }
  const std::string format = table_in(schema(), "annals_format");
  auto known = transaction.run("SELECT to_regclass($1::text) IS NOT NULL",
                               std::move(postgres::Parameters().text(format)));
  if (!known) return failed(known.error(), name());
  if (!known->boolean(0, 0)) {
    auto made = transaction.run_script(
        create_checkpoint_table_sql(schema()) + create_parked_table_sql(schema()) +
        "CREATE TABLE " + format + " (format bigint NOT NULL);\nCOMMENT ON TABLE " + format +
        " IS 'of these tables; readers hold a lock on it that keeps swaps away';\nINSERT INTO " +
        format + " VALUES (" + std::to_string(format_version) + ");");
    if (!made) return failed(made.error(), name());
  }
  if (auto committed = transaction.commit(); !committed) return failed(committed.error(), name());
  return {};
}

Result<Database::Lent> Database::reader() const {
  auto lent = readers_.lend(options_.patience);
  if (!lent) return failed(lent.error(), name());
  return *std::move(lent);
}

Result<Database::Lent> Database::writer() const {
  if (options_.access == PostgresReadModelOptions::Access::read_only) {
    return Error{.code = ErrorCode::unavailable, .message = name() + " is open for reading only"};
  }
  auto lent = writers_.lend(options_.patience);
  if (!lent) return failed(lent.error(), name());
  return *std::move(lent);
}

postgres::SqlResult<std::unique_ptr<postgres::Connection>> Database::open_for_news() const {
  postgres::ConnectionOptions options = connecting_;
  options.settings.emplace_back("synchronous_commit", "off");
  return postgres::Connection::open(options);
}

postgres::SqlResult<std::unique_ptr<postgres::Connection>> Database::open_another() const {
  return postgres::Connection::open_within(connecting_, options_.patience);
}

}  // namespace annals::internal
