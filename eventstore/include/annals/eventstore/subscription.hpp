/// @file
/// History from a checkpoint on, then what is appended, as it becomes durable.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <annals/eventstore/event.hpp>
#include <annals/eventstore/query.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/eventstore/token.hpp>

namespace annals {

struct SubscriptionOptions {
  Query query = Query::all();
  /// Where the consumer has come to; events after it are delivered. Absent: from the beginning.
  std::optional<Checkpoint> after = {};
  /// What the batch that came to `after` had as its cursor: spares the source looking for the
  /// place. Empty: it is looked for.
  std::string cursor = {};
  /// A batch ends with the append in which it reaches this many events. 0 counts as 1.
  std::size_t batch_events = 1024;
};

/// What a consumer can fold and make durable in one go.
struct Batch {
  std::uint32_t partition = 0;  ///< 0 where the source has one.
  RecordedEvents events;        ///< In position order; may be empty.
  /// Every event up to here that the query selects has been delivered. Always the end of an append.
  GlobalPosition complete_up_to;
  Link link;  ///< At complete_up_to.
  StoreId store;
  Era era;
  std::string cursor = {};  ///< The source's own, to be kept with the checkpoint; often empty.

  /// What to keep once this batch is dealt with.
  Checkpoint checkpoint() const { return {{store, era, complete_up_to}, link}; }
};

/// A source of batches: history first, then live. There is no step between the two, and no end.
/// next() belongs to one thread at a time; stop() may be called from any thread.
class Subscription {
 public:
  virtual ~Subscription() = default;

  /// Waits up to `timeout` for something new and returns it. A batch without events tells progress:
  /// complete_up_to moves although nothing matched; when the time is over it is the same as before.
  /// A batch never ends inside an append.
  ///
  /// Errors: corrupt, unavailable (also once stopped: see stopped()).
  virtual Result<Batch> next(std::chrono::milliseconds timeout) = 0;

  /// For those who follow many subscriptions without a thread for each: calls `wake` whenever
  /// next() may have something new, from any thread, until it is replaced by another function or
  /// by none; once that call has returned, the earlier one is not called any more. It must not
  /// block, nor call the store or this subscription. A hint: what another process appends is seen
  /// by asking again now and then.
  virtual void on_ready(std::function<void()> wake) = 0;

  /// Ends a waiting next() and all later ones with `unavailable`. Idempotent.
  virtual void stop() = 0;
  virtual bool stopped() const = 0;
};

}  // namespace annals
