#include "live_subscription.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "eras.hpp"

namespace annals::internal {

namespace {

// How far one batch looks: a query that matches almost nothing still reports progress in steps that
// a consumer can make durable.
constexpr std::uint64_t run_positions_max = 65'536;

class LiveSubscription final : public Subscription {
 public:
  LiveSubscription(const LogReader& reader, HeadWatch& watch, SubscriptionOptions options,
                   Checkpoint after)
      : reader_(reader), watch_(watch), options_(std::move(options)), done_(std::move(after)) {}
  ~LiveSubscription() override { watch_.set_wake_function(this, {}); }
  LiveSubscription(const LiveSubscription&) = delete;
  LiveSubscription& operator=(const LiveSubscription&) = delete;

  Result<Batch> next(std::chrono::milliseconds timeout) override {
    watch_.wait_beyond(done_.token.position, deadline_after(timeout), [this] { return stopped(); });
    if (stopped()) {
      return Error{.code = ErrorCode::unavailable, .message = "the subscription was stopped"};
    }
    const auto end = reader_.end();
    if (!end) return end.error();
    watch_.saw(end->head.position);
    if (end->head.position < done_.token.position) {
      return beyond_head(done_.token.position, end->head.position);
    }
    Batch batch{.partition = 0,
                .events = {},
                .complete_up_to = done_.token.position,
                .link = *done_.link,
                .store = done_.token.store,
                .era = done_.token.era};
    if (end->head.position > done_.token.position) {
      if (auto filled = fill(batch, end->head); !filled) return std::move(filled).error();
    }
    done_.token.position = batch.complete_up_to;
    done_.link = batch.link;
    return batch;
  }

  void on_ready(std::function<void()> wake) override {
    watch_.set_wake_function(this, std::move(wake));
  }

  void stop() override {
    stopped_.store(true);
    watch_.wake();
  }
  bool stopped() const override { return stopped_.load(); }

 private:
  // The end of the append that holds `position`, and its link.
  Result<Head> end_of_append(GlobalPosition position, const Head& head) const {
    if (position >= head.position) return head;
    const auto append = reader_.holding(position);
    if (!append) return append.error();
    if (!*append) {
      return Error{ErrorCode::corrupt, "no append holds position " + to_string(position)};
    }
    return Head{(*append)->last(), (*append)->link};
  }

  // What comes after done_: whole appends, at least until they are `batch_events` many.
  Result<void> fill(Batch& batch, const Head& head) const {
    const GlobalPosition after = done_.token.position;
    const std::size_t wanted = std::max<std::size_t>(options_.batch_events, 1);
    auto reach = end_of_append({after.value + run_positions_max}, head);
    if (!reach) return std::move(reach).error();
    auto events =
        reader_.select(options_.query,
                       {.after = after, .up_to = reach->position, .closed = true, .limit = wanted});
    if (!events) return std::move(events).error();
    if (events->size() == wanted) {
      const GlobalPosition last = events->back().position;
      reach = end_of_append(last, head);
      if (!reach) return std::move(reach).error();
      if (reach->position > last) {
        auto rest = reader_.select(options_.query, {.after = last,
                                                    .up_to = reach->position,
                                                    .closed = true,
                                                    .limit = Limits::append_events_max});
        if (!rest) return std::move(rest).error();
        if (!rest->empty()) events = joined(*events, *rest);
      }
    }
    batch.events = *std::move(events);
    batch.complete_up_to = reach->position;
    batch.link = reach->link;
    return {};
  }

  static RecordedEvents joined(const RecordedEvents& first, const RecordedEvents& second) {
    std::vector<RecordedEvent> events(first.begin(), first.end());
    events.insert(events.end(), second.begin(), second.end());
    return RecordedEvents(std::move(events), {std::make_shared<const RecordedEvents>(first),
                                              std::make_shared<const RecordedEvents>(second)});
  }

  const LogReader& reader_;
  HeadWatch& watch_;
  const SubscriptionOptions options_;
  Checkpoint done_;  // Its link is set. Used by the thread in next() only.
  std::atomic<bool> stopped_ = false;
};

}  // namespace

std::unique_ptr<Subscription> make_live_subscription(const LogReader& reader, HeadWatch& watch,
                                                     SubscriptionOptions options,
                                                     Checkpoint after) {
  return std::make_unique<LiveSubscription>(reader, watch, std::move(options), std::move(after));
}

}  // namespace annals::internal
