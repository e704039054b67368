#include "indexed_event_store.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

#include "cursor.hpp"
#include "eras.hpp"
#include "indexed_subscription.hpp"
#include "prepared_append.hpp"
#include "written_streams.hpp"

namespace annals::internal {

namespace {

// How far one batch of a subscription looks: a query that matches almost nothing still reports
// progress in steps that a consumer can make durable.
constexpr std::uint64_t run_positions_max = 65'536;

}  // namespace

Head IndexedEventStore::head() const {
  const auto last = index_.last_append();
  return last ? Head{last->last(), last->link} : Head{{0}, first_link(store_)};
}

Token IndexedEventStore::token() const { return {store_, present_era(), index_.head()}; }

Result<Link> IndexedEventStore::link_at(GlobalPosition position) const {
  if (position.value == 0) return first_link(store_);
  const Head now = head();
  if (position > now.position) return beyond_head(position, now.position);
  if (position == now.position) return now.link;
  auto entry = index_.holding(position);
  if (!entry) return std::move(entry).error();
  return entry->link;
}

Result<RecordedAppend> IndexedEventStore::append_holding(GlobalPosition position) const {
  const auto appends = IndexedEventStore::appends_holding(position, position);
  if (!appends) return appends.error();
  return appends->front();
}

Result<std::vector<RecordedAppend>> IndexedEventStore::appends_holding(GlobalPosition first,
                                                                       GlobalPosition last) const {
  std::vector<RecordedAppend> appends;
  if (last < first) return appends;
  if (first.value == 0) return before_first_event();
  const GlobalPosition head = index_.head();
  if (last > head) return beyond_head(last, head);
  const auto entries = index_.holding(first, last);
  if (!entries) return entries.error();
  appends.reserve(entries->size());
  for (const AppendEntry& entry : *entries) {
    appends.push_back({.id = entry.id,
                       .digest = entry.digest,
                       .first = entry.first,
                       .count = entry.count,
                       .recorded_at = entry.recorded_at,
                       .link = entry.link});
  }
  return appends;
}

Result<std::optional<StreamVersion>> IndexedEventStore::stream_version(
    std::string_view stream) const {
  return index_.last_version(stream);
}

Result<Cut> IndexedEventStore::resolve(const AsOf& as_of) const {
  if (const auto* time = std::get_if<Timestamp>(&as_of.when())) {
    Cut cut;
    for (const bool awaited : {false, true}) {
      if (awaited) await_group_in_flight();
      const GlobalPosition head = index_.head();
      auto position = index_.last_at(*time);
      if (!position) return std::move(position).error();
      cut.position = *position;
      cut.open = *position >= head;
      if (!cut.open) break;
    }
    return cut;
  }

  const GlobalPosition head = index_.head();
  const auto* position = std::get_if<GlobalPosition>(&as_of.when());
  if (position == nullptr) return Cut{.position = head, .open = true};
  if (*position > head) return beyond_head(*position, head);
  Cut cut{.position = *position};
  if (position->value > 0) {
    auto end = index_.end_of_append(*position);
    if (!end) return std::move(end).error();
    cut.inside_append = *end != *position;
  }
  return cut;
}

Result<std::unique_ptr<Cursor>> IndexedEventStore::read(ReadOptions options) const {
  const auto cut = resolve(options.as_of);
  if (!cut) return cut.error();
  return make_cursor(*this, std::move(options), *cut);
}

Result<Checkpoint> IndexedEventStore::resume(const Checkpoint& checkpoint) const {
  return moved_to_present_era(checkpoint, store_, eras_,
                              [this](GlobalPosition position) { return link_at(position); });
}

Result<std::unique_ptr<Subscription>> IndexedEventStore::subscribe(
    SubscriptionOptions options) const {
  const Token beginning{store_, present_era(), GlobalPosition{0}};
  Checkpoint after{beginning, first_link(store_)};
  if (options.after) {
    auto resumed = resume(*options.after);
    if (!resumed) return std::move(resumed).error();
    after = *resumed;
  }
  return make_subscription(*this, std::move(options), after);
}

Result<IndexedEventStore::Run> IndexedEventStore::run_after(const Query& query,
                                                            GlobalPosition after,
                                                            std::size_t events) const {
  const Head now = head();
  if (after >= now.position) return Run{{}, after, now.link};

  const GlobalPosition reach{std::min(now.position.value, after.value + run_positions_max)};
  auto end = index_.end_of_append(reach);
  if (!end) return std::move(end).error();
  auto positions = index_.select(query, after, *end, events);
  if (!positions) return std::move(positions).error();
  Run run{*std::move(positions), *end, {}};
  if (run.positions.size() == events) {
    const GlobalPosition last = run.positions.back();
    end = index_.end_of_append(last);
    if (!end) return std::move(end).error();
    auto rest = index_.select(query, last, *end, std::numeric_limits<std::size_t>::max());
    if (!rest) return std::move(rest).error();
    run.positions.insert(run.positions.end(), rest->begin(), rest->end());
    run.complete_up_to = *end;
  }
  auto link = link_at(run.complete_up_to);
  if (!link) return std::move(link).error();
  run.link = *link;
  return run;
}

Result<void> IndexedEventStore::wait_beyond(GlobalPosition position,
                                            std::chrono::steady_clock::time_point until,
                                            const std::function<bool()>& stopped) const {
  std::unique_lock lock(wake_mutex_);
  woken_.wait_until(lock, until, [&] { return stopped() || index_.head() > position; });
  return {};
}

void IndexedEventStore::wake() const {
  // Taking the lock makes sure that a waiter either has not looked yet or is waiting already.
  { const std::lock_guard lock(wake_mutex_); }
  woken_.notify_all();
  if (wake_function_count_.load() == 0) return;
  const std::lock_guard lock(wake_functions_mutex_);
  for (const auto& [subscription, function] : wake_functions_) {
    try {
      function();
    } catch (...) {
      // It is a hint, and others wait behind it.
    }
  }
}

void IndexedEventStore::set_wake_function(const Subscription* subscription,
                                          std::function<void()> function) const {
  const std::lock_guard lock(wake_functions_mutex_);
  if (function) {
    wake_functions_[subscription] = std::move(function);
  } else {
    wake_functions_.erase(subscription);
  }
  wake_function_count_.store(wake_functions_.size());
}

Result<std::optional<IndexedEventStore::Found>> IndexedEventStore::find_visible(
    const AppendId& id) const {
  auto looked = index_.find(id);
  if (!looked) return std::move(looked).error();
  if (!*looked) return std::optional<Found>();
  const AppendEntry& entry = **looked;
  std::vector<GlobalPosition> positions;
  positions.reserve(entry.count);
  for (std::uint64_t i = 0; i < entry.count; ++i) positions.push_back({entry.first.value + i});
  const auto events = fetch(positions);
  if (!events) return events.error();
  WrittenStreams written;
  for (const RecordedEvent& event : *events) written.add(event.stream, event.version);

  Found found{receipt_of(entry, store_, era_of(entry.first)), entry.digest};
  found.receipt.versions = written.take();
  found.receipt.repeated = true;
  return std::optional<Found>(std::move(found));
}

Result<void> IndexedEventStore::agrees_with_log(const Snapshot& snapshot) const {
  const std::string what =
      "snapshot of stream " + snapshot.stream + " at version " + to_string(snapshot.version);
  auto there = index_.position_of(snapshot.stream, snapshot.version);
  if (!there) return std::move(there).error();
  const std::optional<GlobalPosition> position = *there;
  if (position != snapshot.position) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = what + ": " +
                            (position ? "the event is at position " + to_string(*position) +
                                            ", not " + to_string(snapshot.position)
                                      : "the stream has no such event")};
  }
  auto link = link_at(*position);
  if (!link) return std::move(link).error();
  if (*link != snapshot.link) {
    return Error{.code = ErrorCode::invalid_argument, .message = what + ": the log's link differs"};
  }
  return {};
}

}  // namespace annals::internal

namespace annals {

Result<RecordedEvents> read_all(const EventStore& store, ReadOptions options) {
  const auto cursor = store.read(std::move(options));
  if (!cursor) return cursor.error();
  return (*cursor)->next(std::numeric_limits<std::size_t>::max());
}

}  // namespace annals
