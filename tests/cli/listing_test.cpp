// `annals streams`, `annals stats`, the command line itself, and what is no store.

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sample_store.hpp"

namespace annals::test {
namespace {

class Listing : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(Listing, StreamsAreSortedByNameWithTheirCountsAndPlaces) {
  const Ended ended = annals({"streams", store_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["stream"], "account-1");
  EXPECT_EQ(lines[0]["category"], "account");
  EXPECT_EQ(lines[0]["events"], 3);
  EXPECT_EQ(lines[0]["last_version"], 2);
  EXPECT_EQ(lines[0]["first_position"], 1);
  EXPECT_EQ(lines[0]["last_position"], 7);
  EXPECT_EQ(lines[0]["last_recorded_at"], "2024-03-02T12:00:00.000000Z");
  EXPECT_EQ(lines[1]["stream"], "account-2");
  EXPECT_EQ(lines[2]["stream"], "blob");
}

TEST_F(Listing, StreamsCanBeNarrowedAndCut) {
  EXPECT_EQ(json_lines(annals({"streams", store_, "--category", "account"}).out).size(), 2U);
  EXPECT_EQ(json_lines(annals({"streams", store_, "--limit", "1"}).out).size(), 1U);
  const auto before = json_lines(annals({"streams", store_, "--as-of", "2024-03-01"}).out);
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0]["events"], 2);
}

TEST_F(Listing, TheTableOfStreamsEndsWithTheirSum) {
  const Ended ended = annals({"streams", store_, "--table"});
  const auto lines = split_lines(ended.out);
  ASSERT_EQ(lines.size(), 5U) << ended.out;
  EXPECT_EQ(lines[0].find("stream     events  last version"), 0U) << lines[0];
  EXPECT_EQ(lines[1].find("account-1       3             2"), 0U) << lines[1];
  EXPECT_EQ(lines[4], "3 streams, 7 events");
  EXPECT_EQ(split_lines(annals({"streams", store_, "--table", "-n", "1"}).out).back(),
            "3 streams, 7 events; 1 shown");
}

TEST_F(Listing, StatsSayWhoTheStoreIsAndWhereItEnds) {
  const Ended ended = annals({"stats", store_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["engine"], "log");
  EXPECT_EQ(lines[0]["durability"], "synced");
  EXPECT_EQ(lines[0]["store"].get<std::string>().size(), 36U);
  EXPECT_EQ(lines[0]["eras"][0]["era"], 1);
  EXPECT_EQ(lines[0]["position"], 7);
  EXPECT_EQ(lines[0]["link"].get<std::string>().size(), 64U);
  EXPECT_EQ(lines[0]["streams"], 3);
  EXPECT_EQ(lines[0]["appends"], 5);
  EXPECT_EQ(lines[0]["unsettled_events"], 0);
  EXPECT_FALSE(lines[0].contains("failure"));

  const Ended table = annals({"stats", store_, "--table"});
  EXPECT_NE(table.out.find("position          7\n"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("streams           3\n"), std::string::npos) << table.out;
}

TEST_F(Listing, StatsSayWhatTheBytesAreIfTheyAreAsked) {
  const auto parts = json_lines(annals({"stats", store_, "--bytes"}).out).at(0)["by_part"];
  EXPECT_EQ(parts["events"], 7);
  std::uint64_t sum = 0;
  for (const auto& part : parts["parts"]) sum += part["bytes"].get<std::uint64_t>();
  EXPECT_EQ(parts["bytes"], sum);
  const Ended table = annals({"stats", store_, "--bytes", "--table"});
  EXPECT_NE(table.out.find("  links "), std::string::npos) << table.out;
}

TEST_F(Listing, TheFolderMayBeGivenByName) {
  EXPECT_EQ(annals({"stats", "--data", store_}).exit_code, 0);
}

TEST_F(Listing, StateOfThePlainProgramSaysWhatItNeeds) {
  const Ended ended = annals({"state", store_, "account-1"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("annals::cli::main<Account"), std::string::npos) << ended.err;
}

TEST_F(Listing, AFolderWithoutAStoreIsAnError) {
  for (const char* command : {"streams", "read", "tail", "stats"}) {
    const Ended missing = annals({command, folder_.file("missing")});
    EXPECT_EQ(missing.exit_code, 1) << command;
    EXPECT_EQ(missing.err.find("annals: unavailable: "), 0U) << missing.err;
    EXPECT_NE(missing.err.find("missing"), std::string::npos) << missing.err;
    EXPECT_EQ(missing.out, "") << command;
    EXPECT_FALSE(std::filesystem::exists(folder_.file("missing"))) << command;

    std::filesystem::create_directories(folder_.file("empty"));
    const Ended empty = annals({command, folder_.file("empty")});
    EXPECT_EQ(empty.exit_code, 1) << command;
    EXPECT_TRUE(std::filesystem::is_empty(folder_.file("empty"))) << command;
  }
}

TEST(CommandLine, WhatMakesNoSenseIsOneLineAndExitCode2) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"frobnicate"},
      {"read"},
      {"read", "store", "--frobnicate"},
      {"read", "store", "another"},
      {"read", "store", "--limit"},
      {"read", "store", "--limit", "many"},
      {"read", "store", "--limit", "-1"},
      {"read", "store", "--limit", "0x10"},
      {"read", "store", "--limit", "99999999999999999999"},
      {"read", "store", "--from-position", "1", "--after-position", "2"},
      {"read", "store", "--as-of", "yesterday"},
      {"read", "store", "--as-of", "2024-02-30"},
      {"read", "store", "--as-of", "2024-03-01", "--as-of-position", "1"},
      {"read", "store", "--json", "--table"},
      {"tail", "store", "--timeout", "soon"},
      {"tail", "store", "--timeout", "nan"},
      {"tail", "store", "--from", "1", "--after", "1"},
      {"state", "store"},
  };
  for (const auto& words : wrong) {
    const Ended ended = annals(words);
    std::string shown;
    for (const std::string& word : words) shown += " " + word;
    EXPECT_EQ(ended.exit_code, 2) << shown << "\n" << ended.err;
    EXPECT_EQ(ended.err.find("annals: usage: "), 0U) << shown << "\n" << ended.err;
    EXPECT_EQ(split_lines(ended.err).size(), 1U) << shown << "\n" << ended.err;
    EXPECT_NE(ended.err.find("--help"), std::string::npos) << shown << "\n" << ended.err;
    EXPECT_EQ(ended.out, "") << shown;
  }
}

TEST(CommandLine, OctalLookingNumbersAreDecimal) {
  testkit::TemporaryFolder folder;
  make_sample_store(folder.file("store"));
  const Ended ended = annals({"read", folder.file("store"), "--limit", "010"});
  EXPECT_EQ(json_lines(ended.out).size(), 7U);
}

TEST(CommandLine, EveryCommandHasHelpAndTheProgramAVersion) {
  for (const char* command : {"streams", "read", "tail", "stats", "verify", "state"}) {
    const Ended ended = annals({command, "--help"});
    EXPECT_EQ(ended.exit_code, 0) << command;
    EXPECT_NE(ended.out.find("Usage: annals " + std::string(command)), std::string::npos)
        << ended.out;
    EXPECT_NE(annals({"--help"}).out.find("  " + std::string(command)), std::string::npos);
  }
  const Ended version = annals({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "annals (annals " ANNALS_VERSION ")\n");
  EXPECT_NE(annals({"--help"}).out.find("0 whole, 1 changed, 2 incomplete, 3 could not run"),
            std::string::npos);
}

}  // namespace
}  // namespace annals::test
