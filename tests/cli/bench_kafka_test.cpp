// annals-bench through Kafka, in small: what goes to a topic, and from there into a database. All
// but project-kafka-*, which needs many events.

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "kafka/brokers.hpp"
#include "postgres/database.hpp"
#include "sample_store.hpp"

namespace annals::test {
namespace {

TEST(BenchKafka, WhatIsMeasuredGivesALineForEachEngine) {
  ANNALS_NEEDS_KAFKA();
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database database;
  const testkit::TemporaryFolder folder;
  const std::string out = folder.file("results.jsonl");
  const auto bench = [&](const char* workload, std::vector<std::string> more = {}) {
    std::vector<std::string> words{BENCH_PROGRAM, workload, "--kafka",   *kafka_test::brokers(),
                                   "--out",       out,      "--seconds", "0.3",
                                   "--runs",      "1",      "--events",  "1000",
                                   "--streams",   "128"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  for (const char* workload : {"relay-1", "relay-delay-1000"}) {
    const Ended ended = bench(workload);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
  }
  const Ended ended = bench("visible-1000", {"--postgres", database.url()});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;

  std::ifstream in(out);
  std::map<std::string, int> seen;
  for (const auto& line : json_lines(std::string((std::istreambuf_iterator<char>(in)), {}))) {
    const std::string workload = line["workload"];
    ++seen[workload + " " + line["engine"].get<std::string>()];
    EXPECT_GT(line["events_per_second"].get<double>(), 0) << line;
    if (workload.starts_with("relay-1")) continue;
    EXPECT_GT(line["p50_us"].get<double>(), 0) << line;
    EXPECT_LE(line["p50_us"], line["p99_us"]) << line;
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{{"relay-1 annals-relay", 1},
                                              {"relay-1 librdkafka", 1},
                                              {"relay-delay-1000 annals-relay", 1},
                                              {"visible-1000 annals-kafka", 1}}));
  EXPECT_EQ(bench("append-1").exit_code, 2) << "does not go through Kafka";
}

}  // namespace
}  // namespace annals::test
