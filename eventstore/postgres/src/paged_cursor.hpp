#pragma once

#include <memory>

#include "log_reader.hpp"

namespace annals::internal {

/// A cursor over `reader`, which must outlive it. `cut` is what options.as_of resolved to: what
/// lies up to there never changes, so that no transaction is held open between pages.
///
/// Errors: invalid_argument (a version start without exactly one stream), unavailable.
Result<std::unique_ptr<Cursor>> make_paged_cursor(const LogReader& reader, ReadOptions options,
                                                  Cut cut);

}  // namespace annals::internal
