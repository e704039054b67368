#include "event_peer.hpp"

#include <system_error>
#include <utility>

#include "sqlite_peer.hpp"
#ifdef ANNALS_BENCH_ROCKSDB
#include "rocksdb_peer.hpp"
#endif
#ifdef ANNALS_BENCH_LMDB
#include "lmdb_peer.hpp"
#endif

namespace annals::bench {

namespace {

Result<std::unique_ptr<EventPeer>> open_sqlite(const std::filesystem::path& folder) {
  auto peer = SqlitePeer::open(folder / "events.db");
  if (!peer) return std::move(peer).error();
  return std::unique_ptr<EventPeer>(std::move(*peer));
}

}  // namespace

Result<std::unique_ptr<EventPeer>> open_peer(const EventPeerKind& kind,
                                             const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{.code = ErrorCode::unavailable, .message = error.message()};
  return kind.open(folder);
}

std::vector<EventPeerKind> event_peers(const Options& options) {
  std::vector<EventPeerKind> peers;
  const auto add = [&](const EventPeerKind& kind) {
    if (options.wants(kind.engine)) peers.push_back(kind);
  };
  add({"sqlite", "wal, synchronous=full", open_sqlite});
#ifdef ANNALS_BENCH_ROCKSDB
  add({"rocksdb", "sync=true", open_rocksdb_peer});
#endif
#ifdef ANNALS_BENCH_LMDB
  add({"lmdb", "synced", open_lmdb_peer});
#endif
  return peers;
}

std::string missing_peers() {
  std::string lines;
#ifndef ANNALS_BENCH_ROCKSDB
  lines += "rocksdb: not measured, this program was built without it (librocksdb-dev)\n";
#endif
#ifndef ANNALS_BENCH_LMDB
  lines += "lmdb: not measured, this program was built without it (liblmdb-dev)\n";
#endif
  return lines;
}

}  // namespace annals::bench
