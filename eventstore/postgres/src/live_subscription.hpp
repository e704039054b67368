#pragma once

#include <memory>

#include "head_watch.hpp"
#include "log_reader.hpp"

namespace annals::internal {

/// A subscription to what `reader` reads, from `after` on. Both must outlive it.
std::unique_ptr<Subscription> make_live_subscription(const LogReader& reader, HeadWatch& watch,
                                                     SubscriptionOptions options, Checkpoint after);

}  // namespace annals::internal
