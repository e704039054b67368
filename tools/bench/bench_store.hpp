/// @file
/// The stores that workloads write, and what they write.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/event_store.hpp>

#include "event_peer.hpp"
#include "measurement.hpp"
#include "options.hpp"

namespace annals::bench {

/// A new store of the log engine as users get it: synced, hashes on.
Result<std::unique_ptr<EventStore>> open_bench_store(const std::filesystem::path& folder);

/// The new store that append, pipelined and bulk write to: a log, or in --postgres.
Result<std::shared_ptr<EventStore>> open_written_store(const Options& options,
                                                       const std::filesystem::path& folder);
/// What measurements call it.
inline const char* engine_written(const Options& options) {
  return options.postgres.empty() ? "log" : "postgres";
}

/// JSON of so many bytes.
std::string payload(std::size_t bytes);

/// Streams that one caller writes by turns, each with the version that it expects.
class WrittenStreams {
 public:
  /// Of `count` streams, which are at least as many as `callers`, those that caller `index` owns.
  /// Each turn writes `run` events to one stream. Keeps no list: ten million streams cost nothing.
  WrittenStreams(std::uint64_t count, unsigned index, unsigned callers, std::uint64_t run,
                 std::uint64_t categories = 1);

  struct Place {
    std::string stream;
    std::uint64_t version;  ///< Of the next event there.
  };
  /// The next stream by turns.
  Place take();
  /// As if so many turns had been taken.
  void skip(std::uint64_t turns) { turn_ += turns; }
  std::uint64_t run() const { return run_; }

 private:
  std::uint64_t own_;  ///< Streams of this caller.
  std::uint64_t index_;
  std::uint64_t callers_;
  std::uint64_t run_;
  std::uint64_t categories_;
  std::uint64_t turn_ = 0;
};

/// The tags that events of a stream get: the first has many values, as a customer's number would;
/// the others few.
std::vector<std::string> tags_of(std::string_view stream, std::uint32_t tags);

/// One append of the next `batch` events of `streams`, for annals and for its peers. `data` and
/// `places` must outlive the latter.
AppendRequest next_request(WrittenStreams& streams, std::uint64_t batch, const std::string& data,
                           std::uint32_t tags);
std::vector<PeerEvent> next_events(WrittenStreams& streams, std::uint64_t batch,
                                   const std::string& data, std::uint32_t tags,
                                   std::vector<WrittenStreams::Place>& places);

/// Adds `count` events of `data` to one place, checked against its version.
void add_events(AppendRequest& request, const WrittenStreams::Place& place, std::uint64_t count,
                const std::string& data, std::uint32_t tags);

/// Fills in how many syncs a second `store` made since it was opened, and their bytes.
void add_syncs(Measurement& measurement, const EventStore& store, double seconds);

}  // namespace annals::bench
