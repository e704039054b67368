/// @file
/// Compression of a store that nobody writes to; a store that is open compresses by itself
/// (LogOptions::compression).

#pragma once

#include <cstdint>
#include <functional>

#include <annals/eventstore/log_event_store.hpp>

namespace annals {

struct CompressOptions {
  /// Called now and then with (bytes done, bytes to do), of segments that are not compressed yet;
  /// return false to give up. What is compressed by then stays so.
  std::function<bool(std::uint64_t, std::uint64_t)> progress = {};
};

/// What a store's complete segments are after a compression. The segment that is written to is
/// never compressed, and not counted.
struct CompressReport {
  StoreId store;
  std::uint64_t segments = 0;    ///< Complete ones.
  std::uint64_t compressed = 0;  ///< Of these, before and now.
  std::uint64_t added = 0;       ///< Of these, now.
  std::uint64_t bytes = 0;       ///< What the compressed ones hold.
  std::uint64_t file_bytes = 0;  ///< What that is on disk.
};

/// Compresses all complete segments of the store in `options.path`, one after another. Each is
/// written beside the original, synced, read again and compared with it before that is taken away,
/// so whatever ends the work leaves a store with everything in it, and the next run goes on. Takes
/// the lock of the one who may write; readers may be there. From then on an annals that knows no
/// compression refuses the store (`unsupported`).
///
/// Errors: unavailable (no store, locked by a writer, a full disk), corrupt (a damaged segment,
/// with place: it stays as it is), unsupported, invalid_argument (options).
Result<CompressReport> compress_log(const LogOptions& options,
                                    const CompressOptions& compress = {});

}  // namespace annals
