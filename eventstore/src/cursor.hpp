#pragma once

#include <memory>

#include <annals/eventstore/read.hpp>

namespace annals::internal {

class IndexedEventStore;

/// A cursor over `store`, which must outlive it. `cut` is what options.as_of resolved to.
///
/// Errors: invalid_argument (a version start without exactly one stream).
Result<std::unique_ptr<Cursor>> make_cursor(const IndexedEventStore& store, ReadOptions options,
                                            Cut cut);

}  // namespace annals::internal
