// Joining a consumer group, whose topic busy brokers may take their time to tell of.

#pragma once

#include <chrono>

#include <annals/projections/projection_runner.hpp>
#include <annals/relay/kafka_source.hpp>

namespace annals::warehouse {

/// add_to_group(), again for a minute while it is unavailable.
template <typename Projection>
auto join_group(ProjectionRunner& runner, KafkaSource& source) {
  const auto longest = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (true) {
    auto added = runner.add_to_group<Projection>(source);
    const bool may_pass = !added && added.error().code == ErrorCode::unavailable;
    if (!may_pass || std::chrono::steady_clock::now() > longest) return added;
  }
}

}  // namespace annals::warehouse
