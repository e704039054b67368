#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <annals/eventstore/append.hpp>
#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/eventstore/read.hpp>
#include <annals/eventstore/stats.hpp>
#include <annals/eventstore/verify.hpp>
#include <annals/postgres/connection_pool.hpp>

#include "query_sql.hpp"
#include "schema_name.hpp"

namespace annals::internal {

/// Everything that is asked of the tables without changing them. Each answer is of one moment, and
/// what it tells never changes afterwards, but for the head. Thread-safe.
///
/// Sessions may come to another server than before: a replica that was promoted. One that does not
/// hold the last append that this reader has seen is not the store's any more: `diverged`. That
/// append's link stands for all before it.
class LogReader {
 public:
  LogReader(const PostgresOptions& options, SchemaName schema, StoreId store,
            std::vector<EraBegin> eras);

  const SchemaName& schema() const { return schema_; }
  const StoreId& store() const { return store_; }
  std::span<const EraBegin> eras() const { return eras_; }

  /// How sessions of this store are made, by the reader and by others: to servers that hold what
  /// was seen.
  postgres::ConnectionOptions session_options() const;
  /// The append that begins at `first`, and after which the head is `head`, is recorded.
  void saw(GlobalPosition first, const Head& head) const;

  struct End {
    Head head;
    std::optional<Timestamp> recorded_at;  // None: the log is empty.
    std::uint64_t appends = 0;
    std::uint64_t streams = 0;
    std::uint64_t bytes = 0;
  };
  Result<End> end() const;
  /// The append that holds `position`; nothing beyond the head or at 0.
  Result<std::optional<RecordedAppend>> holding(GlobalPosition position) const;
  /// From the append that holds `first`, or the last one before it, to the last one that begins at
  /// `last` or before.
  Result<std::vector<RecordedAppend>> holding(GlobalPosition first, GlobalPosition last) const;
  /// The last position recorded at `time` or before; 0 if none.
  Result<GlobalPosition> last_at(Timestamp time) const;
  /// Returns when what is being appended now, by anybody, is visible or has failed.
  Result<void> await_appends() const;

  Result<std::optional<StreamVersion>> last_version(std::string_view stream) const;
  Result<std::optional<GlobalPosition>> position_of(std::string_view stream,
                                                    StreamVersion version) const;

  /// Up to reach.limit events.
  Result<RecordedEvents> select(const Query& query, const Reach& reach) const;

  /// The appends from the one that begins at `first` on, at most `max`.
  Result<std::vector<RecordedAppend>> appends_from(GlobalPosition first, std::size_t max) const;

  struct Found {
    Receipt receipt;  // Not marked repeated.
    RequestDigest digest;
  };
  /// Those of the appends that are recorded; where standbys confirm commits, they have confirmed
  /// these.
  Result<std::vector<Found>> find(std::span<const AppendId> ids) const;
  /// The same on a session of the caller's.
  postgres::SqlResult<std::vector<Found>> find(postgres::Connection& connection,
                                               std::span<const AppendId> ids) const;

  /// Runs one statement that may be run twice, on any session: once more if the first one is gone.
  Result<postgres::Rows> ask(const std::string& sql, const postgres::Parameters& parameters,
                             const char* doing, bool keep = true) const;

  /// Runs `body` on a session that is lent to it; once more on another if the first one is gone.
  template <typename Body>
  auto with_session(Body body) const -> decltype(body(std::declval<postgres::Connection&>())) {
    for (const bool again : {false, true}) {
      auto connection = pool_.lend(patience_);
      if (!connection) return connection.error();
      auto done = body(**connection);
      if (done || again || !(*connection)->lost()) return done;
      pool_.drop_idle();  // Whatever has ended this one has ended the others.
    }
    return postgres::SqlError{};  // Not reached: the second time it is answered.
  }

 private:
  struct Seen {
    GlobalPosition first{0};  // 0: nothing so far.
    Head head;
  };
  Seen seen() const;
  /// Whether a server with `link` for the append that begins at seen.first holds what was seen.
  std::optional<postgres::SqlError> objection(const Seen& seen, const std::optional<Link>& link,
                                              bool standby) const;
  /// Looks again for what was seen and not found: a standby shows a commit a moment before the
  /// primary does, which waits until the standby has confirmed it.
  postgres::SqlDone look_again(postgres::Connection& connection, const Seen& seen) const;
  postgres::SqlDone check(postgres::Connection& connection) const;

  const PostgresOptions& options_;
  const SchemaName schema_;
  const StoreId store_;
  const std::vector<EraBegin> eras_;
  const std::chrono::milliseconds patience_;
  mutable std::mutex seen_mutex_;
  mutable Seen seen_;  // Guarded by seen_mutex_.
  mutable postgres::ConnectionPool pool_;
};

/// What sessions are made with before it is known which store there is.
postgres::ConnectionOptions connection_options(const PostgresOptions& options);

}  // namespace annals::internal
