#include "rocksdb_peer.hpp"

#include <atomic>
#include <string>
#include <utility>

#include "peer_keys.hpp"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

namespace annals::bench {

namespace {

// The first byte of a key.
constexpr char event_key = 'e';   // position -> event
constexpr char stream_key = 's';  // stream, 0, version -> position
constexpr char tag_key = 't';     // tag, 0, position -> nothing

Error failed(std::string_view what, const rocksdb::Status& status) {
  return {.code = ErrorCode::unavailable,
          .message = "RocksDB, " + std::string(what) + ": " + status.ToString()};
}

std::string key_of(std::uint64_t position) {
  std::string key(1, event_key);
  put_big_endian(key, position);
  return key;
}

std::string prefix_of(char kind, std::string_view name) {
  std::string key(1, kind);
  key += name;
  key += '\0';
  return key;
}

std::string place_of(std::string_view stream, std::uint64_t version) {
  std::string key = prefix_of(stream_key, stream);
  put_big_endian(key, version);
  return key;
}

class RocksdbPeer final : public EventPeer {
 public:
  Result<void> open(const std::filesystem::path& folder) {
    rocksdb::BlockBasedTableOptions table;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    rocksdb::Options options;
    options.create_if_missing = true;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* database = nullptr;
    if (auto status = rocksdb::DB::Open(options, folder.string(), &database); !status.ok()) {
      return failed("open", status);
    }
    database_.reset(database);
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator({}));
    at->SeekForPrev(key_of(~std::uint64_t{0}));
    if (at->Valid() && at->key()[0] == event_key) {
      last_position_ = last_big_endian(at->key().ToStringView());
    }
    return {};
  }

  Result<void> append(const std::vector<PeerEvent>& events) override {
    std::uint64_t position = last_position_.fetch_add(events.size());
    rocksdb::WriteBatch batch;
    std::string value;
    for (const PeerEvent& event : events) {
      const std::string place = place_of(event.stream, event.version);
      if (auto status = database_->Get({}, place, &value); !status.IsNotFound()) {
        return Error{.code = ErrorCode::unavailable,
                     .message = "RocksDB: the version is there, or " + status.ToString()};
      }
      const std::string key = key_of(++position);
      value.clear();
      put_event(value, event.type, event.data);
      batch.Put(key, value);
      batch.Put(place, rocksdb::Slice(key.data() + 1, key.size() - 1));
      for (const std::string& tag : event.tags) {
        std::string tagged = prefix_of(tag_key, tag);
        put_big_endian(tagged, position);
        batch.Put(tagged, {});
      }
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    if (auto status = database_->Write(options, &batch); !status.ok()) {
      return failed("write", status);
    }
    return {};
  }

  Result<std::uint64_t> load(std::string_view stream, const Visit& visit) override {
    return visit_prefix(prefix_of(stream_key, stream), true, visit);
  }

  Result<std::uint64_t> replay(const Visit& visit) override {
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator({}));
    std::uint64_t count = 0;
    for (at->Seek(key_of(0)); at->Valid() && at->key()[0] == event_key; at->Next()) {
      const auto [type, data] = stored_event(at->value().ToStringView());
      visit(type, data);
      ++count;
    }
    if (!at->status().ok()) return failed("replay", at->status());
    return count;
  }

  Result<std::uint64_t> load_version(std::string_view stream, std::uint64_t version,
                                     const Visit& visit) override {
    rocksdb::PinnableSlice position;
    auto status =
        database_->Get({}, database_->DefaultColumnFamily(), place_of(stream, version), &position);
    if (status.IsNotFound()) return std::uint64_t{0};
    if (!status.ok()) return failed("get", status);
    if (auto seen = visit_event(last_big_endian(position.ToStringView()), visit); !seen) {
      return std::move(seen).error();
    }
    return std::uint64_t{1};
  }

  Result<std::uint64_t> load_last(std::string_view stream, std::uint64_t count,
                                  const Visit& visit) override {
    const std::string prefix = prefix_of(stream_key, stream);
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator({}));
    std::uint64_t seen = 0;
    for (at->SeekForPrev(place_of(stream, ~std::uint64_t{0}));
         seen < count && at->Valid() && at->key().starts_with(prefix); at->Prev()) {
      if (auto one = visit_event(last_big_endian(at->value().ToStringView()), visit); !one) {
        return std::move(one).error();
      }
      ++seen;
    }
    if (!at->status().ok()) return failed("last", at->status());
    return seen;
  }

  bool has_tags() const override { return true; }
  Result<std::uint64_t> load_tag(std::string_view tag, const Visit& visit) override {
    return visit_prefix(prefix_of(tag_key, tag), false, visit);
  }

 private:
  /// The position is the value of the keys below `prefix`, or the end of the keys themselves.
  Result<std::uint64_t> visit_prefix(const std::string& prefix, bool in_value, const Visit& visit) {
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator({}));
    std::uint64_t count = 0;
    for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
      const auto& holder = in_value ? at->value() : at->key();
      if (auto seen = visit_event(last_big_endian(holder.ToStringView()), visit); !seen) {
        return std::move(seen).error();
      }
      ++count;
    }
    if (!at->status().ok()) return failed("load", at->status());
    return count;
  }

  Result<void> visit_event(std::uint64_t position, const Visit& visit) {
    event_.Reset();
    const auto status =
        database_->Get({}, database_->DefaultColumnFamily(), key_of(position), &event_);
    if (!status.ok()) return failed("get", status);
    const auto [type, data] = stored_event(event_.ToStringView());
    visit(type, data);
    return {};
  }

  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::PinnableSlice event_;
  std::atomic<std::uint64_t> last_position_ = 0;
};

}  // namespace

Result<std::unique_ptr<EventPeer>> open_rocksdb_peer(const std::filesystem::path& folder) {
  auto peer = std::make_unique<RocksdbPeer>();
  if (auto opened = peer->open(folder); !opened) return opened.error();
  return std::unique_ptr<EventPeer>(std::move(peer));
}

}  // namespace annals::bench
