/// @file
/// The stores that workloads write, and what they write.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <annals/eventstore/event_store.hpp>

#include "measurement.hpp"
#include "options.hpp"

namespace annals::bench {

/// A new store of the log engine as users get it: synced, hashes on.
Result<std::unique_ptr<EventStore>> open_bench_store(const std::filesystem::path& folder);

/// JSON of so many bytes.
std::string payload(std::size_t bytes);

/// Streams that one caller writes by turns, each with the version that it expects.
class WrittenStreams {
 public:
  /// Of `count` streams those that caller `index` of `callers` owns.
  WrittenStreams(std::uint64_t count, unsigned index, unsigned callers);

  struct Place {
    const std::string* stream;
    std::uint64_t version;  ///< Of the next event there.
  };
  /// The next stream by turns, which gets `events` events.
  Place take(std::uint64_t events);

 private:
  std::vector<std::string> names_;
  std::vector<std::uint64_t> versions_;
  std::size_t turn_ = 0;
};

/// Adds `count` events of `data` to one place, checked against its version.
void add_events(AppendRequest& request, const WrittenStreams::Place& place, std::uint64_t count,
                const std::string& data, std::uint32_t tags);

/// Fills in how many syncs a second `store` made since it was opened, and their bytes.
void add_syncs(Measurement& measurement, const EventStore& store, double seconds);

}  // namespace annals::bench
