#include "postgres_bench.hpp"

#include <atomic>
#include <utility>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection_pool.hpp>

#include <unistd.h>

namespace annals::bench {

namespace {

using postgres::Connection;
using postgres::Parameters;

std::string new_schema() {
  static std::atomic<int> count = 0;
  return "bench_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

Result<void> run_script(const std::string& url, const std::string& sql) {
  auto connection = Connection::open({.url = url});
  if (!connection) return to_error(connection.error(), "opening the database");
  if (auto done = (*connection)->run_script(sql); !done) return to_error(done.error(), "preparing");
  return {};
}

void drop(const std::string& url, const std::string& schema) {
  // What is left behind is named for this program, and harmless.
  (void)run_script(url, "DROP SCHEMA IF EXISTS " + schema + " CASCADE").has_value();
}

class CategoryLockPeer final : public EventPeer {
 public:
  CategoryLockPeer(const std::string& url, std::string schema)
      : url_(url),
        schema_(std::move(schema)),
        sql_("SELECT " + schema_ + ".write($1::text, $2::bigint, $3::text, $4::text)"),
        pool_({.url = url}, 512) {}
  ~CategoryLockPeer() override {
    pool_.drop_idle();
    drop(url_, schema_);
  }

  Result<void> append(const std::vector<PeerEvent>& events) override {
    if (events.size() != 1) return not_measured();
    auto connection = pool_.lend(std::chrono::seconds(30));
    if (!connection) return to_error(connection.error(), "appending");
    Parameters parameters;
    parameters.text(events[0].stream)
        .integer(static_cast<std::int64_t>(events[0].version))
        .text(events[0].type)
        .text(events[0].data);
    auto done = (*connection)->run_prepared(sql_, parameters);
    if (!done) return to_error(done.error(), "appending");
    return {};
  }

  Result<std::uint64_t> load(std::string_view, const Visit&) override { return not_measured(); }
  Result<std::uint64_t> replay(const Visit&) override { return not_measured(); }
  Result<std::uint64_t> load_version(std::string_view, std::uint64_t, const Visit&) override {
    return not_measured();
  }
  Result<std::uint64_t> load_last(std::string_view, std::uint64_t, const Visit&) override {
    return not_measured();
  }
  bool has_tags() const override { return false; }
  Result<std::uint64_t> load_tag(std::string_view, const Visit&) override { return not_measured(); }

 private:
  static Error not_measured() { return {ErrorCode::unsupported, "this is not measured here"}; }

  const std::string url_;
  const std::string schema_;
  const std::string sql_;
  postgres::ConnectionPool pool_;
};

constexpr const char* category_lock_sql = R"sql(
CREATE SCHEMA @;
CREATE TABLE @.messages (
  global_position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream text NOT NULL,
  position bigint NOT NULL,
  time timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'utc'),
  type text NOT NULL,
  data jsonb NOT NULL,
  UNIQUE (stream, position)
);
CREATE INDEX messages_by_category ON @.messages (split_part(stream, '-', 1), global_position);
CREATE FUNCTION @.write(to_stream text, at bigint, of_type text, with_data text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  version bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(split_part(to_stream, '-', 1), 0));
  SELECT coalesce(max(m.position) + 1, 0) INTO version FROM @.messages m WHERE m.stream = to_stream;
  IF version <> at THEN RAISE EXCEPTION 'wrong version % of %', version, to_stream; END IF;
  INSERT INTO @.messages (stream, position, type, data)
    VALUES (to_stream, version, of_type, with_data::jsonb);
  RETURN version;
END $$;
)sql";

}  // namespace

Result<std::shared_ptr<EventStore>> open_postgres_bench_store(const std::string& url) {
  const std::string schema = new_schema();
  auto store = open_postgres_event_store({.url = url, .schema = schema});
  if (!store) return std::move(store).error();
  return std::shared_ptr<EventStore>(store->release(), [url, schema](EventStore* ended) {
    delete ended;
    drop(url, schema);
  });
}

Result<std::unique_ptr<EventPeer>> open_category_lock_peer(const std::string& url) {
  const std::string schema = new_schema();
  std::string sql = category_lock_sql;
  for (std::size_t at; (at = sql.find('@')) != std::string::npos;) sql.replace(at, 1, schema);
  if (auto made = run_script(url, sql); !made) return std::move(made).error();
  return std::unique_ptr<EventPeer>(std::make_unique<CategoryLockPeer>(url, schema));
}

}  // namespace annals::bench
