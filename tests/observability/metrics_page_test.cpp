// The page of metrics names what a scrape gives, and nothing else.

#include <fstream>
#include <iostream>
#include <set>

#include <annals/observability/observability.hpp>

#include "exposition.hpp"
#include "till.hpp"

#if TESTED_WITH_RELAY
#include <annals/observability/relay_metrics.hpp>
#include <annals/testkit/temporary_folder.hpp>
#endif

namespace annals::observability_test {
namespace {

using MetricsPage = Shop;

std::string labels_of(const ExposedFamily& family) {
  std::set<std::string> names;
  for (const auto& [sample, series] : family.samples) {
    for (const auto& [labels, value] : series) {
      for (const auto& [label, text] : labels) {
        if (label != "le") names.insert(label);
      }
    }
  }
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "`" : ", `") + name + '`';
  return joined;
}

std::string rows_of(const Exposition& read) {
  std::string rows;
  for (const auto& [name, family] : read.families()) {
    EXPECT_FALSE(family.samples.empty()) << name << " has no series here";
    rows += "| `" + name + "` | " + family.type + " | " + labels_of(family) + " | " + family.help +
            " |\n";
  }
  return rows;
}

TEST_F(MetricsPage, HasARowForEachMetricWithItsTypeItsLabelsAndWhatItIs) {
  Observability observability;
  const auto measured = observability.measured(*store_);
  measured_rows_ = observability.measured(*rows_);
  observability.watch(*store_).watch(*bus_).watch(*queries_);
  runner_ = std::make_unique<ProjectionRunner>(*store_, *measured_rows_);
  ASSERT_TRUE(runner_->add<Tills>());
  observability.watch(*runner_);
  ring_up(1);
  expect_projected();
  ASSERT_TRUE(queries_->ask(TillOf{"1"}, Consistency::eventual()));
#if TESTED_WITH_RELAY
  const testkit::TemporaryFolder folder;
  const auto checkpoints = open_relay_checkpoint_folder(folder.path());
  ASSERT_TRUE(checkpoints) << to_string(checkpoints.error());
  const auto relay =
      make_relay(*store_, **checkpoints, {.brokers = "127.0.0.1:1", .topic = "tills"});
  ASSERT_TRUE(relay) << to_string(relay.error());
  watch(observability, **relay);
#endif
  const std::string rows = rows_of(Exposition(observability.metrics()));

  std::ifstream page(std::string(ANNALS_SOURCE_DIR) + "/docs/reference/metrics.md");
  ASSERT_TRUE(page) << "there is no such page";
  std::string written;
  for (std::string line; std::getline(page, line);) {
    const bool skipped = !TESTED_WITH_RELAY && line.starts_with("| `annals_relay_");
    if (line.starts_with("| `annals_") && !skipped) written += line + '\n';
  }
  if (rows != written) std::cout << "The page's rows are to be:\n" << rows;
  EXPECT_EQ(rows, written);
}

}  // namespace
}  // namespace annals::observability_test
