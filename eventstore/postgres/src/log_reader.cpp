#include "log_reader.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

#include "eras.hpp"
#include "event_rows.hpp"
#include "matchable.hpp"
#include "schema.hpp"
#include "sql_error_text.hpp"

namespace annals::internal {

namespace {

using postgres::ArrayParameter;
using postgres::Parameters;
using postgres::Rows;

GlobalPosition position_in(const Rows& rows, std::size_t row, std::size_t column) {
  return {static_cast<std::uint64_t>(rows.integer(row, column))};
}

Link link_in(const Rows& rows, std::size_t row, std::size_t column) {
  Link link;
  const std::string bytes = rows.bytes(row, column);
  std::copy_n(bytes.begin(), std::min(bytes.size(), link.bytes.size()), link.bytes.begin());
  return link;
}

std::optional<Link> link_if_any(const Rows& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return link_in(rows, row, column);
}

const char* const append_columns =
    "a.first_position, a.event_count, a.id, a.digest, a.recorded_at, a.link";

RecordedAppend append_in(const Rows& rows, std::size_t row) {
  return {.id = {rows.uuid(row, 2)},
          .digest = {rows.uuid(row, 3)},
          .first = position_in(rows, row, 0),
          .count = static_cast<std::uint32_t>(rows.integer(row, 1)),
          .recorded_at = time_of(rows.integer(row, 4)),
          .link = link_in(rows, row, 5)};
}

std::vector<RecordedAppend> appends_in(const Rows& rows) {
  std::vector<RecordedAppend> appends;
  appends.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) appends.push_back(append_in(rows, row));
  return appends;
}

}  // namespace

postgres::ConnectionOptions connection_options(const PostgresOptions& options) {
  return {.url = options.url,
          .application_name = options.application_name,
          .connect_timeout = options.connect_timeout,
          .statement_timeout = options.statement_timeout,
          // Every statement has an index that gives its rows in order. A table without statistics
          // must not make the server think otherwise.
          .settings = {{"enable_seqscan", "off"}, {"enable_bitmapscan", "off"}, {"jit", "off"}}};
}

LogReader::LogReader(const PostgresOptions& options, SchemaName schema, StoreId store,
                     std::vector<EraBegin> eras)
    : options_(options),
      schema_(std::move(schema)),
      store_(store),
      eras_(std::move(eras)),
      patience_(options.patience),
      pool_(session_options(), std::max<std::size_t>(options.connections_max, 1)) {}

postgres::ConnectionOptions LogReader::session_options() const {
  postgres::ConnectionOptions options = connection_options(options_);
  options.check = [this](postgres::Connection& connection) { return check(connection); };
  return options;
}

void LogReader::saw(GlobalPosition first, const Head& head) const {
  const std::lock_guard lock(seen_mutex_);
  if (head.position > seen_.head.position) seen_ = {first, head};
}

LogReader::Seen LogReader::seen() const {
  const std::lock_guard lock(seen_mutex_);
  return seen_;
}

std::optional<postgres::SqlError> LogReader::objection(const Seen& seen,
                                                       const std::optional<Link>& link,
                                                       bool standby) const {
  if (seen.first.value == 0 || link == seen.head.link) return std::nullopt;
  const std::string position = to_string(seen.head.position);
  if (!link && standby) {
    return postgres::SqlError{postgres::Failure::not_connected,
                              {},
                              "the server is a standby that has not come to position " + position +
                                  ", which was seen elsewhere"};
  }
  return postgres::SqlError{
      postgres::Failure::diverged,
      {},
      "the server does not hold position " + position + " with link " + to_string(seen.head.link) +
          ", which was seen: it is another one than before, or has lost history; begin another era "
          "in it if that was meant, then open the store again"};
}

postgres::SqlDone LogReader::look_again(postgres::Connection& connection, const Seen& seen) const {
  const auto waiting = connection.run(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity w WHERE w.wait_event = 'SyncRep')");
  if (!waiting) return waiting.error();
  Parameters parameters;
  parameters.integer(as_bigint(seen.first.value));
  const auto rows = connection.run(
      schema_.in("SELECT (SELECT a.link FROM @schema.appends a WHERE a.first_position ="
                 " $1::bigint), pg_is_in_recovery()"),
      parameters);
  if (!rows) return rows.error();
  const auto link = link_if_any(*rows, 0, 0);
  auto against = objection(seen, link, rows->boolean(0, 1));
  if (!against) return std::monostate{};
  if (!link && waiting->boolean(0, 0)) {
    return postgres::SqlError{postgres::Failure::not_connected,
                              {},
                              "the server does not show position " + to_string(seen.head.position) +
                                  " yet, which was seen on a standby: commits wait on it for a "
                                  "standby's confirmation"};
  }
  return *std::move(against);
}

postgres::SqlDone LogReader::check(postgres::Connection& connection) const {
  const auto other = [](std::string what) {
    return postgres::SqlError{postgres::Failure::diverged,
                              {},
                              "the server holds " + std::move(what) + ": open the store again"};
  };
  const Seen seen_before = seen();
  Parameters parameters;
  parameters.integer(as_bigint(seen_before.first.value));
  const auto rows = connection.run(
      schema_.in("SELECT s.schema_version, s.store, (SELECT max(e.era) FROM @schema.eras e),"
                 " (SELECT a.link FROM @schema.appends a WHERE a.first_position = $1::bigint),"
                 " pg_is_in_recovery() FROM @schema.store s"),
      parameters);
  if (!rows) return rows.error();
  if (rows->empty() || StoreId{rows->uuid(0, 1)} != store_ || rows->is_null(0, 2)) {
    return other("another store than it did");
  }
  if (rows->integer(0, 0) != schema_version) {
    return other("schema version " + std::to_string(rows->integer(0, 0)) + " by now");
  }
  if (rows->integer(0, 2) != static_cast<std::int64_t>(eras_.back().era.value)) {
    return other("era " + std::to_string(rows->integer(0, 2)) + " of the store by now");
  }
  auto against = objection(seen_before, link_if_any(*rows, 0, 3), rows->boolean(0, 4));
  if (against) return look_again(connection, seen_before);
  return std::monostate{};
}

Result<Rows> LogReader::ask(const std::string& sql, const Parameters& parameters, const char* doing,
                            bool keep) const {
  auto rows = with_session([&](postgres::Connection& connection) {
    return keep ? connection.run_prepared(sql, parameters) : connection.run(sql, parameters);
  });
  if (!rows) return store_error(rows.error(), doing, true);
  return *std::move(rows);
}

Result<LogReader::End> LogReader::end() const {
  const std::string sql = schema_.in(
      "SELECT a.first_position + a.event_count - 1, a.link, a.recorded_at, a.appends, a.streams,"
      " a.bytes, a.first_position,"
      " (SELECT b.link FROM @schema.appends b WHERE b.first_position = $1::bigint),"
      " pg_is_in_recovery()"
      " FROM (SELECT) AS one LEFT JOIN LATERAL"
      " (SELECT * FROM @schema.appends x ORDER BY x.first_position DESC LIMIT 1) AS a ON true");
  // Also of sessions that are open already: while two servers answer, sessions go to both.
  const Seen seen_before = seen();
  Parameters parameters;
  parameters.integer(as_bigint(seen_before.first.value));
  const auto rows = ask(sql, parameters, "reading the head");
  if (!rows) return rows.error();
  if (objection(seen_before, link_if_any(*rows, 0, 7), rows->boolean(0, 8))) {
    const auto agreed = with_session(
        [&](postgres::Connection& connection) { return look_again(connection, seen_before); });
    if (!agreed) return store_error(agreed.error(), "reading the head", true);
  }
  if (rows->is_null(0, 0)) return End{.head = {{0}, first_link(store_)}, .recorded_at = {}};
  const Head head{position_in(*rows, 0, 0), link_in(*rows, 0, 1)};
  saw(position_in(*rows, 0, 6), head);
  return End{.head = head,
             .recorded_at = time_of(rows->integer(0, 2)),
             .appends = static_cast<std::uint64_t>(rows->integer(0, 3)),
             .streams = static_cast<std::uint64_t>(rows->integer(0, 4)),
             .bytes = static_cast<std::uint64_t>(rows->integer(0, 5))};
}

Result<std::optional<RecordedAppend>> LogReader::holding(GlobalPosition position) const {
  const auto appends = holding(position, position);
  if (!appends) return appends.error();
  if (appends->empty() || appends->back().last() < position) return std::optional<RecordedAppend>();
  return std::optional(appends->back());
}

Result<std::vector<RecordedAppend>> LogReader::holding(GlobalPosition first,
                                                       GlobalPosition last) const {
  Parameters parameters;
  parameters.integer(as_bigint(first.value)).integer(as_bigint(last.value));
  const auto rows =
      ask(schema_.in(std::string("SELECT ") + append_columns +
                     " FROM @schema.appends a WHERE a.first_position >="
                     " (SELECT max(b.first_position) FROM @schema.appends b"
                     " WHERE b.first_position <= $1::bigint) AND a.first_position <= $2::bigint"
                     " ORDER BY a.first_position"),
          parameters, "looking for appends");
  if (!rows) return rows.error();
  std::vector<RecordedAppend> appends = appends_in(*rows);
  if (!appends.empty()) saw(appends.back().first, {appends.back().last(), appends.back().link});
  return appends;
}

Result<GlobalPosition> LogReader::last_at(Timestamp time) const {
  Parameters parameters;
  parameters.integer(time.time_since_epoch().count());
  const auto rows =
      ask(schema_.in("SELECT @schema.last_at($1::bigint)"), parameters, "looking for a time");
  if (!rows) return rows.error();
  return position_in(*rows, 0, 0);
}

Result<void> LogReader::await_appends() const {
  auto rows = ask(schema_.in("SELECT pg_advisory_xact_lock_shared(@lock)"), {},
                  "waiting for what is being appended");
  if (!rows) return std::move(rows).error();
  return {};
}

Result<std::optional<StreamVersion>> LogReader::last_version(std::string_view stream) const {
  if (!can_be_a_name(stream)) return std::optional<StreamVersion>();
  Parameters parameters;
  parameters.text(stream);
  const auto rows =
      ask(schema_.in("SELECT e.version FROM @schema.events e WHERE e.stream = $1::text"
                     " ORDER BY e.version DESC LIMIT 1"),
          parameters, "looking for a stream's version");
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<StreamVersion>();
  return std::optional(StreamVersion{static_cast<std::uint64_t>(rows->integer(0, 0))});
}

Result<std::optional<GlobalPosition>> LogReader::position_of(std::string_view stream,
                                                             StreamVersion version) const {
  if (!can_be_a_name(stream)) return std::optional<GlobalPosition>();
  Parameters parameters;
  parameters.text(stream).integer(as_bigint(version.value));
  const auto rows = ask(schema_.in("SELECT e.position FROM @schema.events e"
                                   " WHERE e.stream = $1::text AND e.version = $2::bigint"),
                        parameters, "looking for an event");
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<GlobalPosition>();
  return std::optional(position_in(*rows, 0, 0));
}

Result<RecordedEvents> LogReader::select(const Query& query, const Reach& reach) const {
  if (reach.limit == 0 || reach.after >= reach.up_to) return RecordedEvents();
  const auto possible = matchable(query);
  if (!possible) return RecordedEvents();
  const SelectSql select = select_events(schema_, *possible, reach);
  auto rows = ask(select.sql, select.parameters, "reading events", select.worth_keeping);
  if (!rows) return std::move(rows).error();
  return events_of(*std::move(rows));
}

Result<std::vector<RecordedAppend>> LogReader::appends_from(GlobalPosition first,
                                                            std::size_t max) const {
  Parameters parameters;
  parameters.integer(as_bigint(first.value)).integer(as_bigint(max));
  const auto rows = ask(schema_.in(std::string("SELECT ") + append_columns +
                                   " FROM @schema.appends a WHERE a.first_position >= $1::bigint"
                                   " ORDER BY a.first_position LIMIT $2::bigint"),
                        parameters, "reading appends");
  if (!rows) return rows.error();
  return appends_in(*rows);
}

postgres::SqlResult<std::vector<LogReader::Found>> LogReader::find(
    postgres::Connection& connection, std::span<const AppendId> ids) const {
  ArrayParameter wanted(ArrayParameter::Type::uuid);
  for (const AppendId& id : ids) wanted.add_bytes(id.bytes);
  Parameters parameters;
  parameters.array(wanted);
  const auto rows = connection.run_prepared(
      schema_.in(std::string("SELECT ") + append_columns +
                 ", e.stream, max(e.version) FROM @schema.appends a JOIN @schema.events e"
                 " ON e.position >= a.first_position"
                 " AND e.position < a.first_position + a.event_count"
                 " WHERE a.id = ANY ($1::uuid[]) GROUP BY a.first_position, e.stream"
                 " ORDER BY a.first_position, e.stream"),
      parameters);
  if (!rows) return rows.error();
  std::vector<Found> found;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const RecordedAppend append = append_in(*rows, row);
    if (found.empty() || found.back().receipt.first_position != append.first) {
      found.push_back({.receipt = {.id = append.id,
                                   .first_position = append.first,
                                   .last_position = append.last(),
                                   .link = append.link,
                                   .versions = {},
                                   .recorded_at = append.recorded_at,
                                   .store = store_,
                                   .era = era_of(eras_, append.first)},
                       .digest = append.digest});
    }
    found.back().receipt.versions.push_back(
        {std::string(rows->text(row, 6)), {static_cast<std::uint64_t>(rows->integer(row, 7))}});
  }
  if (found.empty()) return found;
  // Its session may have ended while it waited for the standbys, and then it is visible before they
  // have it. Whoever commits something now waits for all that came before.
  const auto confirmed = connection.run_prepared(
      "SELECT pg_logical_emit_message(true, 'annals', '') WHERE NOT pg_is_in_recovery()"
      " AND current_setting('synchronous_standby_names') <> ''");
  if (!confirmed) return confirmed.error();
  for (const Found& one : found) {
    saw(one.receipt.first_position, {one.receipt.last_position, one.receipt.link});
  }
  return found;
}

Result<std::vector<LogReader::Found>> LogReader::find(std::span<const AppendId> ids) const {
  auto found =
      with_session([&](postgres::Connection& connection) { return find(connection, ids); });
  if (!found) return store_error(found.error(), "looking for an append", true);
  return *std::move(found);
}

}  // namespace annals::internal
