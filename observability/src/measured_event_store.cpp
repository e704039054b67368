#include "measured_event_store.hpp"

#include <chrono>
#include <utility>

namespace annals::internal {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr MetricFamily<2> append_duration{"annals_append_duration_seconds",
                                          MetricType::histogram,
                                          "How long appends took, from the call to the answer",
                                          {"store", "outcome"}};

constexpr std::array<std::pair<AppendOutcome, std::string_view>, 4> append_outcomes{{
    {AppendOutcome::written, "written"},
    {AppendOutcome::repeated, "repeated"},
    {AppendOutcome::refused, "refused"},
    {AppendOutcome::failed, "failed"},
}};

AppendOutcome outcome_of(const Result<Receipt>& result) {
  if (result) return result->repeated ? AppendOutcome::repeated : AppendOutcome::written;
  const ErrorCode code = result.error().code;
  return code == ErrorCode::wrong_expected_version || code == ErrorCode::condition_failed
             ? AppendOutcome::refused
             : AppendOutcome::failed;
}

class MeasuredEventStore final : public EventStore {
 public:
  MeasuredEventStore(EventStore& store, std::shared_ptr<AppendTimes> times)
      : store_(store), times_(std::move(times)) {}

  Result<Receipt> append(AppendRequest request) override {
    const auto begin = SteadyClock::now();
    auto result = store_.append(std::move(request));
    times_->of(outcome_of(result)).count_since(begin);
    return result;
  }

  void append_async(AppendRequest request, AppendCompletion completion) override {
    const auto begin = SteadyClock::now();
    // Shared: it may be called after this object has ended, as the store's own completions may.
    store_.append_async(std::move(request), [times = times_, begin,
                                             done = std::move(completion)](Result<Receipt> result) {
      times->of(outcome_of(result)).count_since(begin);
      done(std::move(result));
    });
  }

  Result<std::optional<Receipt>> find_append(const AppendId& id) override {
    return store_.find_append(id);
  }
  Result<std::unique_ptr<Cursor>> read(ReadOptions options) const override {
    return store_.read(std::move(options));
  }
  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    return store_.subscribe(std::move(options));
  }
  Head head() const override { return store_.head(); }
  Token token() const override { return store_.token(); }
  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    return store_.resume(checkpoint);
  }
  Result<std::optional<StreamVersion>> stream_version(std::string_view stream) const override {
    return store_.stream_version(stream);
  }
  Result<Link> link_at(GlobalPosition position) const override { return store_.link_at(position); }
  Result<RecordedAppend> append_holding(GlobalPosition position) const override {
    return store_.append_holding(position);
  }
  Result<std::vector<RecordedAppend>> appends_holding(GlobalPosition first,
                                                      GlobalPosition last) const override {
    return store_.appends_holding(first, last);
  }
  Result<void> save_snapshot(Snapshot snapshot) override {
    return store_.save_snapshot(std::move(snapshot));
  }
  Result<std::optional<Snapshot>> load_snapshot(std::string_view stream, GlobalPosition at,
                                                std::uint64_t fingerprint) const override {
    return store_.load_snapshot(stream, at, fingerprint);
  }
  Result<VerifyReport> verify(const VerifyOptions& options) const override {
    return store_.verify(options);
  }
  Stats stats() const override { return store_.stats(); }
  Limits limits() const override { return store_.limits(); }

 private:
  EventStore& store_;
  const std::shared_ptr<AppendTimes> times_;
};

}  // namespace

void add_metrics(MetricsText& text, std::string_view store, const AppendTimes& times) {
  for (const auto& [outcome, name] : append_outcomes) {
    text.add(append_duration, {store, name}, times.of(outcome).counts());
  }
}

std::unique_ptr<EventStore> make_measured_event_store(EventStore& store,
                                                      std::shared_ptr<AppendTimes> times) {
  return std::make_unique<MeasuredEventStore>(store, std::move(times));
}

}  // namespace annals::internal
