/// @file
/// A consumer group that keeps the books' read model up to date.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/read_model_store.hpp>
#include <annals/relay/kafka_source.hpp>

#include "workload.hpp"

namespace annals::bench {

/// Its members, each with a runner of its own, on threads of this process.
class Consumers {
 public:
  /// Of a topic of the books, into `rows`, which must outlive them. A runner has two threads, and
  /// the defaults otherwise.
  static Result<std::unique_ptr<Consumers>> start(const Context& context, const std::string& topic,
                                                  ReadModelStore& rows, unsigned count);

  /// Waits until each has the same number of the partitions. Errors: timeout (a minute).
  Result<void> until_shared() const;
  /// Waits until all partitions have come so far. Errors: why not; timeout (ten minutes).
  Result<void> until(GlobalPosition position) const;
  std::uint64_t events_applied() const;

 private:
  struct Member {
    std::unique_ptr<KafkaSource> source;
    std::unique_ptr<ProjectionRunner> runner;  // Ends before its source.
  };

  explicit Consumers(ReadModelStore& rows) : rows_(rows) {}

  ReadModelStore& rows_;
  std::vector<Member> members_;
};

}  // namespace annals::bench
