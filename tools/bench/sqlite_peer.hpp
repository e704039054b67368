/// @file
/// The peers: an event table, and a read model, in SQLite, as a careful person writes them by hand.

#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "event_peer.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace annals::bench {

/// A connection, and the statements that it keeps prepared.
class SqliteConnection {
 public:
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

 protected:
  SqliteConnection() = default;
  ~SqliteConnection();

  /// Runs `setup`, then prepares `statements`.
  Result<void> open(const std::filesystem::path& file, std::span<const char* const> setup,
                    std::span<const char* const> statements);
  Error failed(std::string_view what) const;

  sqlite3* database_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
};

struct PeerDeposit {
  std::string_view account;
  std::string_view type;
  std::string_view data;
  std::int64_t amount = 0;  ///< Below 0: a withdrawal.
};

/// events(position primary key, stream, version, type, data, unique(stream, version)) with
/// journal_mode=WAL and synchronous=FULL: a transaction is durable when it returns, as an append
/// is. No tags. Callers share the one connection under a lock of their own, which is faster here
/// than connections of their own that wait for each other's.
class SqlitePeer final : public SqliteConnection, public EventPeer {
 public:
  /// Errors of all functions: unavailable, with SQLite's message.
  static Result<std::unique_ptr<SqlitePeer>> open(const std::filesystem::path& file);

  /// Inserts all of them in one transaction. A version that is there already fails it.
  Result<void> append(const std::vector<PeerEvent>& events) override;
  /// A transaction that is decided on what is stored: for each, reads the balance of its account,
  /// inserts the event made of it, and writes the balance back.
  Result<void> deposit(const std::vector<PeerDeposit>& deposits);

  Result<std::uint64_t> load(std::string_view stream, const Visit& visit) override;
  Result<std::uint64_t> replay(const Visit& visit) override;
  Result<std::uint64_t> load_version(std::string_view stream, std::uint64_t version,
                                     const Visit& visit) override;
  Result<std::uint64_t> load_last(std::string_view stream, std::uint64_t count,
                                  const Visit& visit) override;
  bool has_tags() const override { return false; }
  Result<std::uint64_t> load_tag(std::string_view tag, const Visit& visit) override;
  /// The sum of the amounts in the JSON of one stream, up to a position, computed inside SQLite;
  /// how many events.
  Result<std::uint64_t> fold_amounts(
      std::string_view stream,
      std::int64_t position_max = std::numeric_limits<std::int64_t>::max());
  /// What deposit() has come to. Errors: also unavailable if there is no such account.
  Result<std::int64_t> balance(std::string_view account);

 private:
  SqlitePeer() = default;
  Result<std::uint64_t> visit_all(sqlite3_stmt* statement, const Visit& visit);

  std::mutex writing_;  ///< Held by append().
};

/// A table of balances and a checkpoint, moved in the same transaction, with journal_mode=WAL and
/// synchronous=NORMAL as annals has it for read models. No lease, no fencing: less than annals
/// does.
class SqliteReadModelPeer final : public SqliteConnection {
 public:
  /// Errors of all functions: unavailable, with SQLite's message.
  static Result<std::unique_ptr<SqliteReadModelPeer>> open(const std::filesystem::path& file);

  Result<void> begin();
  /// Within a transaction: empties the table.
  Result<void> clear();
  /// Within a transaction: adds `amount` to the account's balance, and counts it.
  Result<void> book(std::string_view account, std::int64_t amount);
  /// Moves the checkpoint and commits.
  Result<void> commit(std::uint64_t position);

 private:
  SqliteReadModelPeer() = default;
};

}  // namespace annals::bench
