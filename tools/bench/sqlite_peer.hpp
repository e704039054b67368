/// @file
/// The peer: an event table in SQLite, written as a careful person would by hand.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

struct sqlite3;
struct sqlite3_stmt;

namespace annals::bench {

struct PeerEvent {
  std::string_view stream;
  std::uint64_t version = 0;
  std::string_view type;
  std::string_view data;
};

/// events(position primary key, stream, version, type, data, unique(stream, version)) with
/// journal_mode=WAL and synchronous=FULL: a transaction is durable when it returns, as an append
/// is. It has no hashes, no append ids, no index by type, category or tag: less work than annals
/// does. Callers share the one connection under a lock of their own, which is faster here than
/// connections of their own that wait for each other's.
class SqlitePeer {
 public:
  /// Errors of all functions: unavailable, with SQLite's message.
  static Result<std::unique_ptr<SqlitePeer>> open(const std::filesystem::path& file);
  ~SqlitePeer();
  SqlitePeer(const SqlitePeer&) = delete;
  SqlitePeer& operator=(const SqlitePeer&) = delete;

  /// Inserts all of them in one transaction. A version that is there already fails it.
  Result<void> append(const std::vector<PeerEvent>& events);
  /// A transaction that is decided on what is stored: reads the balance of `account`, inserts the
  /// event made of it, and writes the balance back.
  Result<void> deposit(const std::vector<std::string_view>& accounts, std::string_view type,
                       std::string_view data, std::int64_t amount);

  using Visit = std::function<void(std::string_view type, std::string_view data)>;
  /// The events of one stream, by version; how many.
  Result<std::uint64_t> load(std::string_view stream, const Visit& visit);
  /// All events, by position; how many.
  Result<std::uint64_t> replay(const Visit& visit);
  /// The sum of the amounts in the JSON of one stream, computed inside SQLite; how many events.
  Result<std::uint64_t> fold_amounts(std::string_view stream);

 private:
  SqlitePeer() = default;
  Result<void> execute(const char* sql);
  Error failed(std::string_view what) const;
  Result<std::uint64_t> visit_all(sqlite3_stmt* statement, const Visit& visit);

  sqlite3* database_ = nullptr;
  std::vector<sqlite3_stmt*> statements_;
};

}  // namespace annals::bench
