// A member of a consumer group with a runner, as a process has them.

#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <annals/projections/projection_runner.hpp>
#include <annals/relay/kafka_source.hpp>

#include "join_group.hpp"

namespace annals::warehouse {

template <typename Projection>
struct GroupMember {
  GroupMember(std::unique_ptr<KafkaSource> kafka, ReadModelStore& rows,
              RunnerOptions options = {.threads = 2, .batch_events = 20})
      : source(std::move(kafka)), runner(*source, rows, std::move(options)) {
    const auto added = join_group<Projection>(runner, *source);
    EXPECT_TRUE(added) << to_string(added.error());
  }
  /// How many partitions it has.
  int held() const {
    int count = 0;
    const auto status = runner.status(Projection::name);
    for (const PartitionStatus& partition : status->partitions) {
      count += partition.epoch > 0 ? 1 : 0;
    }
    return count;
  }
  std::unique_ptr<KafkaSource> source;
  ProjectionRunner runner;
};

}  // namespace annals::warehouse
