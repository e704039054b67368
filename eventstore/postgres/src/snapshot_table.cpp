#include "snapshot_table.hpp"

#include <bit>
#include <vector>

#include <annals/eventstore/limits.hpp>

#include "matchable.hpp"
#include "snapshot_shelf.hpp"

namespace annals::internal {

namespace {

using postgres::ArrayParameter;
using postgres::Parameters;

// One save in so many looks whether some can go.
constexpr std::uint64_t saves_between_thinning = 32;

std::int64_t signed_bits(std::uint64_t fingerprint) {
  return std::bit_cast<std::int64_t>(fingerprint);
}

}  // namespace

Result<void> SnapshotTable::save(const Snapshot& snapshot) {
  const std::string what =
      "snapshot of stream " + snapshot.stream + " at version " + to_string(snapshot.version);
  const auto refuse = [&](const std::string& why) {
    return Error{.code = ErrorCode::invalid_argument, .message = what + ": " + why};
  };
  if (snapshot.data.size() > Limits::data_bytes_ceiling) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "snapshot of " + std::to_string(snapshot.data.size()) +
                            " bytes: at most " + std::to_string(Limits::data_bytes_ceiling)};
  }
  if (!can_be_a_name(snapshot.stream)) return refuse("the stream has no such event");
  // Kept only if the log agrees: the event stands at that place, in an append with that link.
  const SchemaName& schema = reader_.schema();
  Parameters parameters;
  parameters.text(snapshot.stream)
      .integer(signed_bits(snapshot.fingerprint))
      .integer(as_bigint(snapshot.version.value))
      .integer(as_bigint(snapshot.position.value))
      .bytes(snapshot.link.bytes)
      .bytes(snapshot.data);
  const auto rows = reader_.ask(
      schema.in("INSERT INTO @schema.snapshots AS s (stream, fingerprint, version, position, link,"
                " data) SELECT e.stream, $2::bigint, e.version, e.position, a.link, $6::bytea"
                // A cache: nobody waits for the disk because of it.
                " FROM (SELECT set_config('synchronous_commit', 'off', true)) AS hurried"
                " CROSS JOIN @schema.events e JOIN LATERAL (SELECT x.link FROM @schema.appends x"
                " WHERE x.first_position <= e.position ORDER BY x.first_position DESC LIMIT 1) AS a"
                " ON a.link = $5::bytea WHERE e.stream = $1::text AND e.version = $3::bigint"
                " AND e.position = $4::bigint"
                " ON CONFLICT (stream, fingerprint, version) DO UPDATE SET saved = DEFAULT,"
                " position = excluded.position, link = excluded.link, data = excluded.data"
                " RETURNING 1"),
      parameters, "keeping a snapshot");
  if (!rows) return rows.error();
  if (rows->empty()) {
    const auto there = reader_.position_of(snapshot.stream, snapshot.version);
    if (!there) return there.error();
    if (!*there) return refuse("the stream has no such event");
    if (**there != snapshot.position) {
      return refuse("the event is at position " + to_string(**there) + ", not " +
                    to_string(snapshot.position));
    }
    return refuse("the log's link differs");
  }
  if (++saved_ % saves_between_thinning == 0) return thin(snapshot);
  return {};
}

Result<void> SnapshotTable::thin(const Snapshot& newest) {
  const SchemaName& schema = reader_.schema();
  Parameters of_stream;
  of_stream.text(newest.stream).integer(signed_bits(newest.fingerprint));
  const auto rows =
      reader_.ask(schema.in("SELECT s.version FROM @schema.snapshots s WHERE s.stream = $1::text"
                            " AND s.fingerprint = $2::bigint ORDER BY s.version"),
                  of_stream, "thinning snapshots");
  if (!rows) return rows.error();
  std::vector<std::uint64_t> versions;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    versions.push_back(static_cast<std::uint64_t>(rows->integer(row, 0)));
  }
  ArrayParameter gone(ArrayParameter::Type::bigint);
  for (const std::size_t place : snapshots_to_drop(versions)) {
    gone.add_integer(as_bigint(versions[place]));
  }
  of_stream.array(gone);
  // Of the fingerprints of a stream the two last saved to stay.
  auto dropped = reader_.ask(
      schema.in("DELETE FROM @schema.snapshots s WHERE s.stream = $1::text"
                " AND ((s.fingerprint = $2::bigint AND s.version = ANY ($3::bigint[]))"
                " OR s.fingerprint NOT IN (SELECT k.fingerprint FROM @schema.snapshots k"
                " WHERE k.stream = $1::text GROUP BY k.fingerprint"
                " ORDER BY max(k.saved) DESC LIMIT 2))"),
      of_stream, "thinning snapshots");
  if (!dropped) return std::move(dropped).error();
  return {};
}

Result<std::optional<Snapshot>> SnapshotTable::load(std::string_view stream, GlobalPosition at,
                                                    std::uint64_t fingerprint) const {
  if (!can_be_a_name(stream)) return std::optional<Snapshot>();
  const SchemaName& schema = reader_.schema();
  Parameters parameters;
  parameters.text(stream).integer(signed_bits(fingerprint)).integer(as_bigint(at.value));
  // Versions and positions rise together, so the newest version is the newest position.
  const auto rows = reader_.ask(
      schema.in("SELECT s.version, s.position, s.link, s.data FROM @schema.snapshots s"
                " JOIN @schema.events e ON e.stream = s.stream AND e.version = s.version"
                " AND e.position = s.position JOIN LATERAL (SELECT x.link FROM @schema.appends x"
                " WHERE x.first_position <= e.position ORDER BY x.first_position DESC LIMIT 1) AS a"
                " ON a.link = s.link WHERE s.stream = $1::text AND s.fingerprint = $2::bigint"
                " AND s.position <= $3::bigint ORDER BY s.version DESC LIMIT 1"),
      parameters, "looking for a snapshot");
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Snapshot>();
  Snapshot found{.stream = std::string(stream),
                 .version = {static_cast<std::uint64_t>(rows->integer(0, 0))},
                 .position = {static_cast<std::uint64_t>(rows->integer(0, 1))},
                 .link = {},
                 .fingerprint = fingerprint,
                 .data = rows->bytes(0, 3)};
  const std::string link = rows->bytes(0, 2);
  std::copy_n(link.begin(), std::min(link.size(), found.link.bytes.size()),
              found.link.bytes.begin());
  ++hits_;
  return std::optional(std::move(found));
}

}  // namespace annals::internal
