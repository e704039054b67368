#include <mutex>
#include <utility>

#include <annals/postgres/connection.hpp>
#include <annals/relay/postgres_relay_checkpoints.hpp>

namespace annals {

namespace {

using postgres::Connection;
using postgres::Parameters;
using postgres::Rows;
using postgres::SqlResult;

class PostgresRelayCheckpoints final : public RelayCheckpoints {
 public:
  explicit PostgresRelayCheckpoints(PostgresRelayOptions options)
      : options_(std::move(options)), table_(postgres::quoted_name(options_.schema) + ".relays") {}

  std::string name() const override {
    return "schema " + options_.schema + " of " + postgres::without_password(options_.url);
  }

  // Asks first, so that whoever may not make a schema can use one that is there.
  Result<void> make_table() {
    Parameters parameters;
    parameters.text(table_);
    const auto there = run("SELECT to_regclass($1) IS NOT NULL", parameters);
    if (!there) return failure(there.error(), true);
    if (there->boolean(0, 0)) return {};
    const std::string make = "CREATE SCHEMA IF NOT EXISTS " +
                             postgres::quoted_name(options_.schema) +
                             "; CREATE TABLE IF NOT EXISTS " + table_ +
                             " (topic text PRIMARY KEY, revision bigint NOT NULL, epoch bigint NOT"
                             " NULL, position bigint NOT NULL, record text NOT NULL)";
    const std::lock_guard lock(mutex_);
    for (int tries = 0;; ++tries) {
      if (auto open = connect(); !open) return failure(open.error(), true);
      const auto made = connection_->run_script(make);
      if (made) return {};
      // Two who make it at the same time: the second finds it there the next time.
      const bool raced = made.error().failure == postgres::Failure::unique_violation;
      if (!raced || tries == 3) return failure(made.error(), true);
    }
  }

  Result<std::optional<RelayRecord>> load(std::string_view topic) const override {
    Parameters parameters;
    parameters.text(topic);
    const auto rows = run("SELECT record FROM " + table_ + " WHERE topic = $1", parameters);
    if (!rows) return failure(rows.error(), true);
    if (rows->empty()) return std::optional<RelayRecord>{};
    auto record = parse_relay_record(rows->text(0, 0));
    if (record) return std::optional(*std::move(record));
    Error error = std::move(record).error();
    error.message = name() + ", topic " + std::string(topic) + ": " + error.message;
    return error;
  }

  Result<bool> replace(const RelayRecord& record) override {
    Parameters parameters;
    parameters.text(record.topic)
        .integer(static_cast<std::int64_t>(record.revision))
        .integer(static_cast<std::int64_t>(record.epoch))
        .integer(static_cast<std::int64_t>(record.checkpoint.token.position.value))
        .text(to_text(record));
    const auto changed =
        run(record.revision == 1
                ? "INSERT INTO " + table_ +
                      " (topic, revision, epoch, position, record)"
                      " VALUES ($1, $2::bigint, $3::bigint, $4::bigint, $5)"
                      " ON CONFLICT (topic) DO NOTHING"
                : "UPDATE " + table_ +
                      " SET revision = $2::bigint, epoch = $3::bigint, position = $4::bigint,"
                      " record = $5 WHERE topic = $1 AND revision = $2::bigint - 1",
            parameters);
    if (!changed) return failure(changed.error(), false);
    return changed->affected() == 1;
  }

 private:
  Error failure(const postgres::SqlError& error, bool nothing_written) const {
    return postgres::to_error(error, "keeping a relay's checkpoint in " + name(), nothing_written);
  }

  // REQUIRES: mutex_ is held.
  postgres::SqlDone connect() const {
    if (connection_ && !connection_->lost()) return std::monostate{};
    connection_.reset();
    auto opened = Connection::open({.url = options_.url,
                                    .application_name = "annals relay",
                                    .connect_timeout = std::chrono::seconds(3),
                                    .statement_timeout = std::chrono::seconds(3)});
    if (!opened) return std::move(opened).error();
    connection_ = *std::move(opened);
    return std::monostate{};
  }

  SqlResult<Rows> run(const std::string& sql, const Parameters& parameters) const {
    const std::lock_guard lock(mutex_);
    if (auto open = connect(); !open) return std::move(open).error();
    return connection_->run_prepared(sql, parameters);
  }

  const PostgresRelayOptions options_;
  const std::string table_;  // Quoted.
  mutable std::mutex mutex_;
  mutable std::unique_ptr<Connection> connection_;  // Guarded by mutex_.
};

}  // namespace

Result<std::unique_ptr<RelayCheckpoints>> open_postgres_relay_checkpoints(
    PostgresRelayOptions options) {
  auto checkpoints = std::make_unique<PostgresRelayCheckpoints>(std::move(options));
  if (auto made = checkpoints->make_table(); !made) return made.error();
  return std::unique_ptr<RelayCheckpoints>(std::move(checkpoints));
}

}  // namespace annals
