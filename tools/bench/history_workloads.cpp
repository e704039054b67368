#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <annals/aggregates/repository.hpp>

#include "bank_account.hpp"
#include "history.hpp"
#include "workload.hpp"

namespace annals::bench {

namespace {

/// Reads of one kind, each somewhere else in the history.
class HistoryWorkload : public Workload {
 public:
  explicit HistoryWorkload(const char* name) : name_(name) {}

  std::string_view name() const override { return name_; }
  bool writes() const override { return false; }

  Result<Measurement> annals(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    return loop(context, "log", [this] { return read(history_->store()); });
  }

  Result<std::vector<Measurement>> peers(const Context& context) override {
    if (auto ready = prepare(context); !ready) return std::move(ready).error();
    std::vector<Measurement> all;
    for (const History::Peer& peer : history_->peers()) {
      if (!can(*peer.store)) continue;
      auto measurement = loop(context, peer.kind.engine, [&] { return read_peer(*peer.store); });
      if (!measurement) return std::move(measurement).error();
      measurement->durability = peer.kind.durability;
      all.push_back(std::move(*measurement));
    }
    return all;
  }

 protected:
  /// How many events one read is expected to give, at most and at least.
  virtual std::uint64_t events_wanted() const = 0;
  /// Each returns how many events it read.
  virtual Result<std::uint64_t> read(EventStore& store) = 0;
  virtual bool can(const EventPeer& peer) const = 0;
  virtual Result<std::uint64_t> read_peer(EventPeer& peer) = 0;
  /// Once, before the first read.
  virtual Result<void> look_around() { return {}; }

  History& history() { return *history_; }
  std::string any_stream() { return History::stream(history_->any(history_->streams())); }
  std::uint64_t any_version() { return history_->any(history_->long_events()); }

  Result<std::uint64_t> count(EventStore& store, ReadOptions options) {
    auto cursor = store.read(std::move(options));
    if (!cursor) return std::move(cursor).error();
    std::uint64_t events = 0;
    while (true) {
      auto run = (*cursor)->next();
      if (!run) return std::move(run).error();
      if (run->empty()) return events;
      for (const RecordedEvent& event : *run) bytes_seen_ += event.data.size();
      events += run->size();
    }
  }
  EventPeer::Visit touch() {
    return [this](std::string_view, std::string_view data) { bytes_seen_ += data.size(); };
  }

 private:
  Result<void> prepare(const Context& context) {
    if (history_) return {};
    if (!context.history) {
      auto made = History::make(context.options, context.scratch);
      if (!made) return std::move(made).error();
      context.history = std::move(*made);
    }
    history_ = context.history;
    return look_around();
  }

  template <typename Read>
  Result<Measurement> loop(const Context& context, std::string engine, const Read& read_once) {
    Latencies latencies;
    std::uint64_t events = 0;
    const auto started = Clock::now();
    const Deadline deadline(context.options.seconds);
    do {
      const auto before = Clock::now();
      auto count = read_once();
      latencies.add(Clock::now() - before);
      if (!count) return std::move(count).error();
      if (*count != events_wanted()) {
        return Error{.code = ErrorCode::corrupt,
                     .message = engine + " read " + std::to_string(*count) + " events instead of " +
                                std::to_string(events_wanted())};
      }
      events += *count;
    } while (!deadline.over());
    return Measurement{.engine = std::move(engine),
                       .threads = 1,
                       .batch = events_wanted(),
                       .event_bytes = history_->event_bytes(),
                       .streams = history_->streams() + 1,
                       .events_per_second = static_cast<double>(events) / seconds_since(started),
                       .p50_us = latencies.percentile(0.50),
                       .p99_us = latencies.percentile(0.99)};
  }

  const char* name_;
  std::shared_ptr<History> history_;
  std::uint64_t bytes_seen_ = 0;  ///< All engines touch what they read.
};

/// The event that a stream had come to.
class AsOfVersion final : public HistoryWorkload {
 public:
  AsOfVersion() : HistoryWorkload("as-of-version") {}

 private:
  std::uint64_t events_wanted() const override { return 1; }
  Result<std::uint64_t> read(EventStore& store) override {
    return count(store, {.query = Query::stream(History::long_stream()),
                         .start = Start::from(StreamVersion{any_version()}),
                         .limit = 1});
  }
  bool can(const EventPeer&) const override { return true; }
  Result<std::uint64_t> read_peer(EventPeer& peer) override {
    return peer.load_version(History::long_stream(), any_version(), touch());
  }
};

/// The last event of a stream that was recorded up to a time. The peers keep no times.
class AsOfTime final : public HistoryWorkload {
 public:
  AsOfTime() : HistoryWorkload("as-of-time") {}

 private:
  std::uint64_t events_wanted() const override { return 1; }
  Result<void> look_around() override {
    auto events = read_all(history().store(), {.query = Query::stream(History::long_stream())});
    if (!events) return std::move(events).error();
    for (const RecordedEvent& event : *events) times_.push_back(event.recorded_at);
    return {};
  }
  Result<std::uint64_t> read(EventStore& store) override {
    return count(store, {.query = Query::stream(History::long_stream()),
                         .direction = Direction::backward,
                         .limit = 1,
                         .as_of = AsOf::recorded(times_[any_version()])});
  }
  bool can(const EventPeer&) const override { return false; }
  Result<std::uint64_t> read_peer(EventPeer&) override { return std::uint64_t{0}; }

  std::vector<Timestamp> times_;
};

/// What a long account's balance was, typed, with snapshots as a repository makes them.
class AsOfState final : public HistoryWorkload {
 public:
  AsOfState() : HistoryWorkload("as-of-state") {}

 private:
  std::uint64_t events_wanted() const override { return 1; }
  Result<void> look_around() override {
    repository_ = std::make_unique<Repository<BankAccount>>(history().store());
    for (std::uint64_t v = 0; v < history().long_events(); v += SnapshotPolicy::every_max) {
      auto loaded = repository_->load(History::account, StreamVersion{v});
      if (!loaded) return std::move(loaded).error();
      repository_->flush_snapshots();
    }
    return {};
  }
  Result<std::uint64_t> read(EventStore&) override {
    const std::uint64_t version = any_version();
    auto loaded = repository_->load(History::account, StreamVersion{version});
    if (!loaded) return std::move(loaded).error();
    const Money right = Money::of_minor(123'45, "EUR") * static_cast<std::int64_t>(version + 1);
    return std::uint64_t{loaded->state.balance == right ? 1U : 0U};
  }
  bool can(const EventPeer&) const override { return false; }
  Result<std::uint64_t> read_peer(EventPeer&) override { return std::uint64_t{0}; }

  std::unique_ptr<Repository<BankAccount>> repository_;
};

/// The newest events of a stream.
class LastTen final : public HistoryWorkload {
 public:
  LastTen() : HistoryWorkload("last-10") {}

 private:
  std::uint64_t events_wanted() const override { return 10; }
  Result<std::uint64_t> read(EventStore& store) override {
    return count(store, {.query = Query::stream(any_stream()),
                         .direction = Direction::backward,
                         .limit = events_wanted()});
  }
  bool can(const EventPeer&) const override { return true; }
  Result<std::uint64_t> read_peer(EventPeer& peer) override {
    return peer.load_last(any_stream(), events_wanted(), touch());
  }
};

/// A run of events from anywhere in the first half. The peers have no such index.
class ReadBy final : public HistoryWorkload {
 public:
  explicit ReadBy(bool category)
      : HistoryWorkload(category ? "read-category" : "read-type"), category_(category) {}

 private:
  // Where there are few events, a category has fewer than that in half of the history.
  std::uint64_t events_wanted() const override { return wanted_; }
  Result<void> look_around() override {
    half_ = history().store().head().position.value / 2;
    auto least = ~std::uint64_t{0};
    const std::uint64_t kinds = std::min(history().streams(), History::categories);
    for (std::uint64_t kind = 0; kind < kinds; ++kind) {
      auto found = count(
          history().store(),
          {.query = query(kind), .start = Start::after(GlobalPosition{half_}), .limit = wanted_});
      if (!found) return std::move(found).error();
      least = std::min(least, *found);
    }
    wanted_ = std::min(wanted_, least);
    return {};
  }
  Result<std::uint64_t> read(EventStore& store) override {
    const std::uint64_t kinds = std::min(history().streams(), History::categories);
    return count(store, {.query = query(history().any(kinds)),
                         .start = Start::after(GlobalPosition{history().any(half_)}),
                         .limit = wanted_});
  }
  bool can(const EventPeer&) const override { return false; }
  Result<std::uint64_t> read_peer(EventPeer&) override { return std::uint64_t{0}; }

  Query query(std::uint64_t kind) const {
    return category_ ? Query::category(History::category(kind)) : Query::type(History::type(kind));
  }

  bool category_;
  std::uint64_t half_ = 0;
  std::uint64_t wanted_ = 100;
};

/// The events with a tag that has 100.
class ReadTag final : public HistoryWorkload {
 public:
  ReadTag() : HistoryWorkload("read-tag") {}

 private:
  std::uint64_t events_wanted() const override { return History::stream_events; }
  Result<std::uint64_t> read(EventStore& store) override {
    return count(store, {.query = Query::tag("of:" + any_stream())});
  }
  bool can(const EventPeer& peer) const override { return peer.has_tags(); }
  Result<std::uint64_t> read_peer(EventPeer& peer) override {
    return peer.load_tag("of:" + any_stream(), touch());
  }
};

}  // namespace

std::unique_ptr<Workload> make_as_of_version() { return std::make_unique<AsOfVersion>(); }
std::unique_ptr<Workload> make_as_of_time() { return std::make_unique<AsOfTime>(); }
std::unique_ptr<Workload> make_as_of_state() { return std::make_unique<AsOfState>(); }
std::unique_ptr<Workload> make_last_ten() { return std::make_unique<LastTen>(); }
std::unique_ptr<Workload> make_read_category() { return std::make_unique<ReadBy>(true); }
std::unique_ptr<Workload> make_read_type() { return std::make_unique<ReadBy>(false); }
std::unique_ptr<Workload> make_read_tag() { return std::make_unique<ReadTag>(); }

}  // namespace annals::bench
