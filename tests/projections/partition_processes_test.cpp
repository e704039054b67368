// Processes that share a projection in a SQLite file are killed and started.
//
// ANNALS_SEED says how the kills fall; ANNALS_SOAK makes 300 of them.

#include <cstdlib>

#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "partition_workers.hpp"

namespace annals::warehouse {
namespace {

TEST(PartitionProcesses, KilledAtAnyMomentEachEventCountsOnceInEachPartition) {
  const testkit::TemporaryFolder folder;
  const std::string log = folder.file("log");
  const std::string database = folder.file("rows.db");
  auto events =
      open_log_event_store({.path = log, .durability = Durability::survives_process_only});
  ASSERT_TRUE(events) << to_string(events.error());
  const auto rows = open_rows(database);
  const int kills = std::getenv("ANNALS_SOAK") != nullptr ? 300 : 15;
  expect_workers_share(**events, *rows, testkit::seed(43), kills, [&] {
    return std::make_unique<Projecting>(
        std::vector<std::string>{log, database, "10000", std::to_string(partitions_shared)});
  });
}

}  // namespace
}  // namespace annals::warehouse
