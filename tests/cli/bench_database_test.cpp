// annals-bench in a database, in small: every workload runs there, beside what is done there by
// hand.

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include <annals/postgres/connection.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "postgres/database.hpp"
#include "sample_store.hpp"

namespace annals::test {
namespace {

TEST(BenchDatabase, EveryWorkloadGivesALineForEachEngineAndLeavesNothingBehind) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database database;
  const testkit::TemporaryFolder folder;
  const std::string out = folder.file("results.jsonl");
  const auto bench = [&](const char* workload) {
    return run({BENCH_PROGRAM, workload, "--postgres", database.url(), "--out", out, "--seconds",
                "0.05", "--runs", "1", "--events", "1000", "--streams", "128", "--categories",
                "8"});
  };
  std::map<std::string, int> expected;
  for (const char* workload : {"append-1", "append-16", "append-64", "pipelined", "bulk",
                               "project-1", "project-10", "rebuild"}) {
    const Ended ended = bench(workload);
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const std::string name(workload);
    expected[name + " postgres"] = 1;
    if (name.starts_with("append")) expected[name + " category-lock"] = 1;
    if (name.starts_with("project") || name == "rebuild") expected[name + " by-hand"] = 1;
  }
  std::ifstream in(out);
  std::map<std::string, int> seen;
  for (const auto& line : json_lines(std::string((std::istreambuf_iterator<char>(in)), {}))) {
    ++seen[line["workload"].get<std::string>() + " " + line["engine"].get<std::string>()];
    EXPECT_GT(line["events_per_second"].get<double>(), 0) << line;
    EXPECT_EQ(line["durability"], "synced") << line;
    EXPECT_EQ(line["categories"], 8) << line;
    EXPECT_EQ(line["hashes"], line["engine"] == "postgres") << line;
  }
  EXPECT_EQ(seen, expected);

  EXPECT_EQ(bench("load").exit_code, 2) << "not measured in a database";
  auto connection = postgres::Connection::open({.url = database.url()});
  ASSERT_TRUE(connection);
  const auto left =
      (*connection)->run("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bench%'");
  ASSERT_TRUE(left);
  EXPECT_EQ(left->integer(0, 0), 0);
}

}  // namespace
}  // namespace annals::test
