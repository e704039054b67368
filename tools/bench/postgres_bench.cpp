#include "postgres_bench.hpp"

#include <utility>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection_pool.hpp>

#include "postgres_schema.hpp"

namespace annals::bench {

namespace {

using postgres::Parameters;

/// A statement that appends one event: to stream $1, as version $2, of type $3, with JSON $4.
class StatementPeer final : public EventPeer {
 public:
  /// `schema` is dropped in the end, if one is given.
  StatementPeer(const std::string& url, std::string sql, std::string schema = {})
      : url_(url), schema_(std::move(schema)), sql_(std::move(sql)), pool_({.url = url}, 512) {}
  ~StatementPeer() override {
    pool_.drop_idle();
    if (!schema_.empty()) drop_schema(url_, schema_);
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
  const std::string schema = new_schema_name();
  auto store = open_postgres_event_store({.url = url, .schema = schema});
  if (!store) return std::move(store).error();
  return std::shared_ptr<EventStore>(store->release(), [url, schema](EventStore* ended) {
    delete ended;
    drop_schema(url, schema);
  });
}

Result<std::unique_ptr<EventPeer>> open_category_lock_peer(const std::string& url) {
  const std::string schema = new_schema_name();
  std::string sql = category_lock_sql;
  for (std::size_t at; (at = sql.find('@')) != std::string::npos;) sql.replace(at, 1, schema);
  if (auto made = run_script(url, sql); !made) return std::move(made).error();
  return std::unique_ptr<EventPeer>(std::make_unique<StatementPeer>(
      url, "SELECT " + schema + ".write($1::text, $2::bigint, $3::text, $4::text)", schema));
}

Result<std::unique_ptr<EventPeer>> open_message_db_peer(const std::string& url) {
  if (auto emptied = run_script(url, "TRUNCATE message_store.messages RESTART IDENTITY");
      !emptied) {
    return std::move(emptied).error();
  }
  // It expects -1 where there is no stream yet.
  return std::unique_ptr<EventPeer>(std::make_unique<StatementPeer>(
      url,
      "SELECT message_store.write_message(gen_random_uuid()::varchar, $1::varchar, $3::varchar,"
      " $4::jsonb, NULL::jsonb, $2::bigint - 1)"));
}

}  // namespace annals::bench
