#include "indexed_subscription.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "indexed_event_store.hpp"

namespace annals::internal {

namespace {

class IndexedSubscription final : public Subscription {
 public:
  IndexedSubscription(const IndexedEventStore& store, SubscriptionOptions options, Checkpoint after)
      : store_(store), options_(std::move(options)), done_(after) {}
  ~IndexedSubscription() override { store_.set_wake_function(this, {}); }
  IndexedSubscription(const IndexedSubscription&) = delete;
  IndexedSubscription& operator=(const IndexedSubscription&) = delete;

  Result<Batch> next(std::chrono::milliseconds timeout) override {
    // A year is as good as for ever, and cannot overflow the clock.
    using std::chrono::milliseconds;
    constexpr milliseconds longest = std::chrono::hours(24 * 365);
    const auto until =
        std::chrono::steady_clock::now() + std::clamp(timeout, milliseconds(0), longest);
    auto waited = store_.wait_beyond(done_.token.position, until, [this] { return stopped(); });
    if (!waited) return std::move(waited).error();
    if (stopped()) {
      return Error{.code = ErrorCode::unavailable, .message = "the subscription was stopped"};
    }

    auto run = store_.run_after(options_.query, done_.token.position,
                                std::max<std::size_t>(options_.batch_events, 1));
    if (!run) return std::move(run).error();
    RecordedEvents events;
    if (!run->positions.empty()) {
      Result<RecordedEvents> fetched = store_.fetch(run->positions);
      if (!fetched) return std::move(fetched).error();
      events = *std::move(fetched);
    }
    done_.token.position = run->complete_up_to;
    done_.link = run->link;
    return Batch{.partition = 0,
                 .events = std::move(events),
                 .complete_up_to = run->complete_up_to,
                 .link = run->link,
                 .store = done_.token.store,
                 .era = done_.token.era};
  }

  void on_ready(std::function<void()> wake) override {
    store_.set_wake_function(this, std::move(wake));
  }

  void stop() override {
    stopped_.store(true);
    store_.wake();
  }
  bool stopped() const override { return stopped_.load(); }

 private:
  const IndexedEventStore& store_;
  const SubscriptionOptions options_;
  Checkpoint done_;  // Used by the thread in next() only.
  std::atomic<bool> stopped_ = false;
};

}  // namespace

std::unique_ptr<Subscription> make_subscription(const IndexedEventStore& store,
                                                SubscriptionOptions options, Checkpoint after) {
  return std::make_unique<IndexedSubscription>(store, std::move(options), after);
}

}  // namespace annals::internal
