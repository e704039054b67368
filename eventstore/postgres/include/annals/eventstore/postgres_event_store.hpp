/// @file
/// The engine in a PostgreSQL database: the whole contract, shared by any number of processes.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/store_identity.hpp>
#include <annals/eventstore/time.hpp>
#include <annals/eventstore/verify.hpp>

namespace annals {

struct PostgresOptions {
  enum class Access : std::uint8_t {
    create,      ///< Write; make the schema if there is none, and bring an older one up to date.
    must_exist,  ///< Write; `unavailable` if there is no schema, or an older one.
    read_only,   ///< Read. Changes nothing, and does well with SELECT alone.
  };

  /// "postgres://user:secret@host:5432/database?sslmode=verify-full": everything that libpq
  /// understands, several hosts included ("?target_session_attrs=read-write" takes the primary).
  /// Its password is never shown in a message.
  std::string url;
  /// Where the tables are: 1 to 40 of a-z, 0-9 and _, not beginning with a digit. A database may
  /// hold many stores.
  std::string schema = "annals";
  Access access = Access::create;
  Limits limits = {};
  /// How far the server's clock may be behind the last event, and a known_at beyond the clock.
  std::chrono::microseconds max_clock_skew = std::chrono::minutes(5);
  /// An operator has seen that the clock is behind by more than that: append all the same, with the
  /// last event's time until the clock has caught up.
  bool accept_clock_behind = false;
  /// The identity of a store that is made, in place of a new one: for an exact import. Its last era
  /// may begin beyond the head, and the store then is opened only with this identity again, until
  /// it has reached that position.
  std::optional<StoreIdentity> identity = {};
  /// Bytes of requests waiting or being written; append_async blocks beyond it.
  std::uint64_t in_flight_bytes_max = 64 * 1024 * 1024;
  /// Sessions that reads share. Appends have one of their own, and so has waiting for news.
  std::size_t connections_max = 8;
  std::string application_name = "annals";
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);
  /// Of each statement, the wait for other writers included.
  std::chrono::milliseconds statement_timeout = std::chrono::seconds(30);
  /// How long a call looks for a server that does not answer before it is `unavailable`; and how
  /// long an append whose answer was lost looks for it before it is `outcome_unknown`.
  std::chrono::milliseconds patience = std::chrono::seconds(5);
  /// Subscriptions are woken by a notification, and look for themselves this often besides.
  std::chrono::milliseconds poll_interval = std::chrono::milliseconds(500);
  /// Absent: the server's own, read inside the lock that orders appends.
  std::shared_ptr<const Clock> clock = {};
};

/// Opens or makes the store in a schema of a PostgreSQL database (version 13 or later). Any number
/// of processes may write to it and read it at the same time; appends of one process that wait are
/// written together. Stats::durability says "synced", or "not synced" and why if the server is set
/// up to answer before its disk has the commit.
///
/// A session that is lost is made again, on whichever server the URL then leads to. One that does
/// not hold what this store has seen (a standby that was behind when it was promoted) is answered
/// with `diverged`, by every function, until the store is opened again.
///
/// Errors: unavailable (no server, no store, rights that are missing), unsupported (made by a newer
/// version, a server before 13), invalid_argument (options), corrupt (the rows that say which
/// store it is are damaged; the history ends before its era begins).
Result<std::unique_ptr<EventStore>> open_postgres_event_store(PostgresOptions options);

/// EventStore::verify() of the store in a schema, also of one that is not opened because its
/// history ends before its era begins: what is missing is the first bad range then.
///
/// Errors: as open_postgres_event_store(), and diverged (a range beyond the head).
Result<VerifyReport> verify_postgres_event_store(const PostgresOptions& options,
                                                 const VerifyOptions& verify);

/// What migrate_postgres_event_store() has found and left: versions of the schema.
struct PostgresMigration {
  int from = 0;  ///< 0: there was none.
  int to = 0;
};

/// Makes the schema, or brings an older one up to date, in one transaction. Programs may use it
/// meanwhile: they wait.
///
/// Errors: as open_postgres_event_store().
Result<PostgresMigration> migrate_postgres_event_store(const PostgresOptions& options);

}  // namespace annals
