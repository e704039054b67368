// annals-bench in small: every workload runs, and its lines say what they promise to say.

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sample_store.hpp"

namespace annals::test {
namespace {

TEST(Bench, EveryWorkloadGivesALineForEachEngine) {
  testkit::TemporaryFolder folder;
  const std::string out = folder.file("results.jsonl");
  const Ended ended = run({BENCH_PROGRAM, "--out", out, "--seconds", "0.05", "--runs", "1",
                           "--events", "1000", "--streams", "128", "--long-events", "1000"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  std::ifstream in(out);
  const auto lines = json_lines(std::string((std::istreambuf_iterator<char>(in)), {}));
  std::map<std::string, int> seen;
  std::map<std::string, int> opened;
  for (const nlohmann::json& line : lines) {
    if (line["workload"] == "growth" || line["workload"] == "open") {
      EXPECT_GT(line["events_per_second"].get<double>(), 0) << line;
      EXPECT_EQ(line["hashes"], line["engine"] == "log") << line;
      if (line["workload"] == "open") ++opened[line["engine"]];
      continue;
    }
    ++seen[line["workload"].get<std::string>() + " " + line["engine"].get<std::string>()];
    for (const char* field : {"threads", "batch", "event_bytes", "streams", "events_per_second",
                              "p50_us", "p99_us", "raw_fdatasync_per_second"}) {
      ASSERT_TRUE(line.contains(field)) << field << " in " << line;
      EXPECT_GT(line[field].get<double>(), 0) << field << " in " << line;
    }
    EXPECT_LE(line["p50_us"], line["p99_us"]) << line;
    EXPECT_EQ(line["hashes"], line["engine"] == "log") << line;
    const bool busy = line["workload"].get<std::string>().ends_with("-busy");
    EXPECT_EQ(line.contains("appends_beside_per_second"), busy) << line;
    const bool read_model = line["durability"] == "wal, synchronous=normal";
    EXPECT_TRUE(read_model || line["durability"] == "synced" || line["durability"] == "sync=true" ||
                line["durability"] == "wal, synchronous=full")
        << line;
    EXPECT_TRUE(line["build"] == "debug" || line["build"] == "release") << line;
  }
  const auto beside_all = {"append-1", "append-16", "append-64", "append-256", "pipelined",
                           "bulk",     "large",     "load",      "replay"};
  const auto beside_sqlite = {"fold",
                              "commands-1",
                              "commands-pipelined",
                              "project-1",
                              "project-10",
                              "project-100000",
                              "project-one",
                              "rebuild",
                              "query-eventual",
                              "query-at-least",
                              "query-strong",
                              "query-load",
                              "query-as-of",
                              "query-eventual-busy",
                              "query-at-least-busy",
                              "query-strong-busy",
                              "query-load-busy",
                              "query-as-of-busy"};
  // What the program was built without, it says.
  const auto has = [&](const std::string& engine) {
    return ended.out.find(engine + ": not measured") == std::string::npos;
  };
  std::map<std::string, int> expected;
  for (const char* name : beside_all) {
    for (const char* engine : {"log", "sqlite", "rocksdb", "lmdb"}) {
      if (has(engine)) expected[std::string(name) + " " + engine] = 1;
    }
  }
  for (const char* name : {"as-of-version", "last-10"}) {
    for (const char* engine : {"log", "sqlite", "rocksdb", "lmdb"}) {
      if (has(engine)) expected[std::string(name) + " " + engine] = 1;
    }
  }
  for (const char* engine : {"log", "rocksdb", "lmdb"}) {
    if (has(engine)) expected[std::string("read-tag ") + engine] = 1;
  }
  for (const char* name : {"as-of-time", "as-of-state", "read-category", "read-type", "cold-1",
                           "cold-1-packed", "cold-100", "cold-100-packed"}) {
    expected[std::string(name) + " log"] = 1;
  }
  for (const char* name : beside_sqlite) {
    for (const char* engine : {"log", "sqlite"}) expected[std::string(name) + " " + engine] = 1;
  }
  for (const char* name : {"project-1", "project-10", "project-100000"}) {
    expected[std::string(name) + " sqlite-batched"] = 1;
  }
  EXPECT_EQ(seen, expected);
  for (const char* engine : {"log", "sqlite", "rocksdb", "lmdb"}) {
    EXPECT_EQ(opened[engine], has(engine) ? 2 : 0) << engine << ", at two sizes";
  }
  for (const auto& [line, count] : expected) {
    const std::string name = line.substr(0, line.find(' '));
    EXPECT_NE(ended.out.find("\n" + name + " "), std::string::npos) << name << ": " << ended.out;
  }
  std::size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    left += entry.path() != out ? 1 : 0;
  }
  EXPECT_EQ(left, 0U) << "the stores are removed";
}

TEST(Bench, WhatMakesNoSenseIsRefused) {
  testkit::TemporaryFolder folder;
  const std::string out = folder.file("results.jsonl");
  EXPECT_EQ(run({BENCH_PROGRAM, "--out", out, "frobnicate"}).exit_code, 2);
  EXPECT_EQ(run({BENCH_PROGRAM, "--out", out, "--seconds", "soon"}).exit_code, 2);
  EXPECT_EQ(run({BENCH_PROGRAM, "--out", out, "--frobnicate", "1"}).exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(out));
}

}  // namespace
}  // namespace annals::test
