/// @file
/// A history to follow, wherever its events come from.

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include <annals/eventstore/query.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/stats.hpp>
#include <annals/eventstore/subscription.hpp>

namespace annals {

/// What a consumer needs of a store's history: the store itself is one, a topic that it was
/// published to is another. Thread-safe. Subscriptions must end before their source does.
class EventSource {
 public:
  virtual ~EventSource() = default;

  /// Starts a subscription; see Subscription.
  ///
  /// Errors: invalid_argument (a checkpoint of another store), diverged, unavailable.
  virtual Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const = 0;

  /// Says whether this history holds what `checkpoint` has seen, as far as the source can tell, and
  /// moves it to the present era if it does.
  ///
  /// Errors: diverged (beyond the head, of an era that ended earlier, or another link there),
  /// invalid_argument (another store), unavailable.
  virtual Result<Checkpoint> resume(const Checkpoint& checkpoint) const = 0;

  /// The end of what is durable and visible, as far as the source knows.
  virtual Head head() const = 0;

  /// Since when the first event after `position` has been waiting, at least; nothing if there is
  /// none.
  ///
  /// Errors: unavailable, corrupt.
  virtual Result<std::optional<Timestamp>> waiting_since(GlobalPosition position) const = 0;

  /// Of the events at these positions those that `query` selects, in position order. `positions` is
  /// sorted. May take long: made for the few that a consumer had put aside.
  ///
  /// Errors: unavailable, corrupt.
  virtual Result<RecordedEvents> find(const Query& query,
                                      std::span<const GlobalPosition> positions) const = 0;
};

/// How long the first event after `position` has been waiting at the time `now`: what whoever has
/// come to `position` lags behind. 0 if there is none. Errors: as EventSource::waiting_since.
Result<std::chrono::microseconds> lag_after(const EventSource& events, GlobalPosition position,
                                            Timestamp now);

}  // namespace annals
