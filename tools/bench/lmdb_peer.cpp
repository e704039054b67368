#include "lmdb_peer.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "peer_keys.hpp"

#include <lmdb.h>

namespace annals::bench {

namespace {

/// Of address space: the file itself grows with what is in it.
constexpr std::size_t map_bytes = std::size_t{256} << 30;

Error failed(std::string_view what, int code) {
  return {.code = ErrorCode::unavailable,
          .message = "LMDB, " + std::string(what) + ": " + mdb_strerror(code)};
}

MDB_val value_of(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB only reads it.
}
MDB_val value_of(const std::uint64_t& number) {
  return {sizeof number, const_cast<std::uint64_t*>(&number)};  // Likewise.
}
std::string_view text_of(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}
std::uint64_t number_of(const MDB_val& value) {
  std::uint64_t number = 0;
  std::memcpy(&number, value.mv_data, sizeof number);
  return number;
}

std::string entry_key(std::string_view stream, std::uint64_t version) {
  std::string key(stream);
  key += '\0';
  put_big_endian(key, version);
  return key;
}

/// Ended without commit() it is as if it had not been.
class Transaction {
 public:
  Transaction(MDB_env* environment, unsigned flags)
      : code_(mdb_txn_begin(environment, nullptr, flags, &transaction_)) {}
  ~Transaction() {
    if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  int code() const { return code_; }
  MDB_txn* get() const { return transaction_; }
  int commit() { return mdb_txn_commit(std::exchange(transaction_, nullptr)); }

 private:
  MDB_txn* transaction_ = nullptr;
  int code_;
};

class OpenCursor {
 public:
  OpenCursor(const Transaction& transaction, MDB_dbi table)
      : code_(mdb_cursor_open(transaction.get(), table, &cursor_)) {}
  ~OpenCursor() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  }
  OpenCursor(const OpenCursor&) = delete;
  OpenCursor& operator=(const OpenCursor&) = delete;

  int move(MDB_val& key, MDB_val& value, MDB_cursor_op how) {
    return code_ != 0 ? code_ : mdb_cursor_get(cursor_, &key, &value, how);
  }

 private:
  MDB_cursor* cursor_ = nullptr;
  int code_;
};

class LmdbPeer final : public EventPeer {
 public:
  ~LmdbPeer() override {
    if (environment_ != nullptr) mdb_env_close(environment_);
  }

  Result<void> open(const std::filesystem::path& folder) {
    int code = mdb_env_create(&environment_);
    if (code == 0) code = mdb_env_set_mapsize(environment_, map_bytes);
    if (code == 0) code = mdb_env_set_maxdbs(environment_, 3);
    if (code == 0) code = mdb_env_open(environment_, folder.c_str(), 0, 0644);
    if (code != 0) return failed("open", code);
    Transaction transaction(environment_, 0);
    if (transaction.code() != 0) return failed("open", transaction.code());
    constexpr unsigned of_positions = MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP;
    code = mdb_dbi_open(transaction.get(), "events", MDB_CREATE | MDB_INTEGERKEY, &events_);
    if (code == 0) code = mdb_dbi_open(transaction.get(), "streams", MDB_CREATE, &streams_);
    if (code == 0) code = mdb_dbi_open(transaction.get(), "tags", of_positions, &tags_);
    if (code == 0) code = transaction.commit();
    if (code != 0) return failed("open", code);
    return {};
  }

  Result<void> append(const std::vector<PeerEvent>& events) override {
    Transaction transaction(environment_, 0);
    if (transaction.code() != 0) return failed("begin", transaction.code());
    std::uint64_t position = 0;
    if (int code = last_position(transaction, position); code != 0) return failed("last", code);
    std::string bytes;
    for (const PeerEvent& event : events) {
      ++position;
      bytes.clear();
      put_event(bytes, event.type, event.data);
      const std::string place = entry_key(event.stream, event.version);
      MDB_val number = value_of(position);
      MDB_val value = value_of(bytes);
      MDB_val key = value_of(place);
      int code = mdb_put(transaction.get(), events_, &number, &value, MDB_APPEND);
      if (code == 0) code = mdb_put(transaction.get(), streams_, &key, &number, MDB_NOOVERWRITE);
      for (const std::string& tag : event.tags) {
        MDB_val tagged = value_of(tag);
        if (code == 0) code = mdb_put(transaction.get(), tags_, &tagged, &number, 0);
      }
      if (code != 0) return failed("put", code);
    }
    if (int code = transaction.commit(); code != 0) return failed("commit", code);
    return {};
  }

  Result<std::uint64_t> load(std::string_view stream, const Visit& visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return failed("begin", transaction.code());
    OpenCursor cursor(transaction, streams_);
    const std::string first = entry_key(stream, 0);
    MDB_val key = value_of(first);
    MDB_val position{};
    std::uint64_t count = 0;
    int code = cursor.move(key, position, MDB_SET_RANGE);
    while (code == 0 && of_stream(key, stream)) {
      if (code = visit_event(transaction, number_of(position), visit); code != 0) break;
      ++count;
      code = cursor.move(key, position, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) return failed("load", code);
    return count;
  }

  Result<std::uint64_t> replay(const Visit& visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return failed("begin", transaction.code());
    OpenCursor cursor(transaction, events_);
    MDB_val key{};
    MDB_val value{};
    std::uint64_t count = 0;
    int code = cursor.move(key, value, MDB_FIRST);
    for (; code == 0; code = cursor.move(key, value, MDB_NEXT)) {
      const auto [type, data] = stored_event(text_of(value));
      visit(type, data);
      ++count;
    }
    if (code != MDB_NOTFOUND) return failed("replay", code);
    return count;
  }

  Result<std::uint64_t> load_version(std::string_view stream, std::uint64_t version,
                                     const Visit& visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return failed("begin", transaction.code());
    const std::string place = entry_key(stream, version);
    MDB_val key = value_of(place);
    MDB_val position{};
    int code = mdb_get(transaction.get(), streams_, &key, &position);
    if (code == MDB_NOTFOUND) return std::uint64_t{0};
    if (code == 0) code = visit_event(transaction, number_of(position), visit);
    if (code != 0) return failed("get", code);
    return std::uint64_t{1};
  }

  Result<std::uint64_t> load_last(std::string_view stream, std::uint64_t count,
                                  const Visit& visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return failed("begin", transaction.code());
    OpenCursor cursor(transaction, streams_);
    const std::string beyond = entry_key(stream, ~std::uint64_t{0});
    MDB_val key = value_of(beyond);
    MDB_val position{};
    std::uint64_t seen = 0;
    int code = cursor.move(key, position, MDB_SET_RANGE);
    code = cursor.move(key, position, code == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
    while (code == 0 && seen < count && of_stream(key, stream)) {
      if (code = visit_event(transaction, number_of(position), visit); code != 0) break;
      ++seen;
      code = cursor.move(key, position, MDB_PREV);
    }
    if (code != 0 && code != MDB_NOTFOUND) return failed("last", code);
    return seen;
  }

  bool has_tags() const override { return true; }
  Result<std::uint64_t> load_tag(std::string_view tag, const Visit& visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return failed("begin", transaction.code());
    OpenCursor cursor(transaction, tags_);
    MDB_val key = value_of(tag);
    MDB_val position{};
    std::uint64_t count = 0;
    int code = cursor.move(key, position, MDB_SET_KEY);
    for (; code == 0; code = cursor.move(key, position, MDB_NEXT_DUP)) {
      if (code = visit_event(transaction, number_of(position), visit); code != 0) break;
      ++count;
    }
    if (code != MDB_NOTFOUND) return failed("tag", code);
    return count;
  }

 private:
  static bool of_stream(const MDB_val& key, std::string_view stream) {
    const std::string_view text = text_of(key);
    return text.size() == stream.size() + 9 && text.starts_with(stream) &&
           text[stream.size()] == '\0';
  }

  int last_position(const Transaction& transaction, std::uint64_t& position) const {
    OpenCursor cursor(transaction, events_);
    MDB_val key{};
    MDB_val value{};
    const int code = cursor.move(key, value, MDB_LAST);
    if (code == 0) position = number_of(key);
    return code == MDB_NOTFOUND ? 0 : code;
  }

  int visit_event(const Transaction& transaction, std::uint64_t position,
                  const Visit& visit) const {
    MDB_val key = value_of(position);
    MDB_val value{};
    const int code = mdb_get(transaction.get(), events_, &key, &value);
    if (code != 0) return code;
    const auto [type, data] = stored_event(text_of(value));
    visit(type, data);
    return 0;
  }

  MDB_env* environment_ = nullptr;
  MDB_dbi events_ = 0;
  MDB_dbi streams_ = 0;
  MDB_dbi tags_ = 0;
};

}  // namespace

Result<std::unique_ptr<EventPeer>> open_lmdb_peer(const std::filesystem::path& folder) {
  auto peer = std::make_unique<LmdbPeer>();
  if (auto opened = peer->open(folder); !opened) return opened.error();
  return std::unique_ptr<EventPeer>(std::move(peer));
}

}  // namespace annals::bench
