#pragma once

#include <memory>

#include <annals/eventstore/subscription.hpp>

namespace annals::internal {

class IndexedEventStore;

/// A subscription to `store`, which must outlive it, from `after` on.
std::unique_ptr<Subscription> make_subscription(const IndexedEventStore& store,
                                                SubscriptionOptions options, Checkpoint after);

}  // namespace annals::internal
