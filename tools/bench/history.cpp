#include "history.hpp"

#include <algorithm>
#include <utility>

#include <annals/codec/json.hpp>

#include "bank_account.hpp"
#include "bench_store.hpp"

namespace annals::bench {

namespace {

constexpr std::uint64_t turn_events = 10;
constexpr std::uint64_t call_streams_max = 100;

/// What one call appends, gathered once for all engines. The names outlive the events that show
/// them.
struct Call {
  AppendRequest request;
  std::vector<PeerEvent> events;

  void add(const std::string& stream, std::uint64_t version, std::uint64_t count,
           const std::string& type, const std::string& data, std::uint32_t tags) {
    for (std::uint64_t i = 0; i < count; ++i) {
      request.events.push_back(
          {.stream = stream, .type = type, .data = data, .tags = tags_of(stream, tags)});
      events.push_back({{}, version + i, {}, data, tags_of(stream, tags)});
    }
    request.checks.push_back({stream, version == 0
                                          ? ExpectedVersion::no_stream()
                                          : ExpectedVersion::exactly(StreamVersion{version - 1})});
  }
  /// The peers' views of the request's texts. REQUIRES: nothing is added any more.
  void point_events() {
    for (std::size_t i = 0; i < events.size(); ++i) {
      events[i].stream = request.events[i].stream;
      events[i].type = request.events[i].type;
    }
  }
};

}  // namespace

std::string History::stream(std::uint64_t number) {
  return category(number) + "-" + std::to_string(number);
}
std::string History::category(std::uint64_t number) {
  return "kind" + std::to_string(number % categories);
}
std::string History::type(std::uint64_t number) {
  return "note_" + std::to_string(number % types) + "_taken";
}

std::uint64_t History::any(std::uint64_t end) {
  seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
  return (seed_ >> 33) % end;
}

Result<std::shared_ptr<History>> History::make(const Options& options,
                                               const ScratchFolder& scratch) {
  const std::shared_ptr<History> history(new History);
  auto store = open_bench_store(scratch.fresh("history-annals"));
  if (!store) return std::move(store).error();
  history->store_ = std::move(*store);
  for (const EventPeerKind& kind : event_peers(options)) {
    auto peer = open_peer(kind, scratch.fresh(std::string("history-") + kind.engine));
    if (!peer) return std::move(peer).error();
    history->peers_.push_back({kind, std::move(*peer)});
  }
  if (auto filled = history->fill(options); !filled) return filled.error();
  return history;
}

Result<void> History::fill(const Options& options) {
  streams_ = std::max<std::uint64_t>(options.events / stream_events, 1);
  long_events_ = options.long_events;
  event_bytes_ = options.event_bytes;
  const std::string data = payload(options.event_bytes);
  const auto booking = to_json(MoneyDeposited{Money::of_minor(123'45, "EUR"), "standing order"});
  if (!booking) return booking.error();
  const std::uint64_t turns = streams_ * stream_events / turn_events;
  std::uint64_t long_written = 0;
  for (std::uint64_t turn = 0; turn < turns && !interrupted();) {
    Call call;
    const std::uint64_t end = std::min(turn + std::min(call_streams_max, streams_), turns);
    for (; turn < end; ++turn) {
      const std::uint64_t number = turn % streams_;
      call.add(stream(number), turn / streams_ * turn_events, turn_events, type(number), data,
               options.tags);
    }
    const auto long_due = static_cast<std::uint64_t>(
        static_cast<double>(long_events_) * static_cast<double>(turn) / static_cast<double>(turns));
    if (const std::uint64_t due = turn == turns ? long_events_ : long_due; due > long_written) {
      // However many they are, an append has a limit.
      const std::uint64_t count = std::min<std::uint64_t>(due - long_written, 5000);
      call.add(long_stream(), long_written, count, "money_deposited", *booking, 0);
      long_written += count;
    }
    call.point_events();
    for (const Peer& peer : peers_) {
      if (auto done = peer.store->append(call.events); !done) return done;
    }
    if (auto receipt = store_->append(std::move(call.request)); !receipt) {
      return std::move(receipt).error();
    }
  }
  long_events_ = long_written;
  return {};
}

}  // namespace annals::bench
