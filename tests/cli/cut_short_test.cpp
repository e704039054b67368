// Commands that are ended from outside, or lack what they need: they say so, and leave nothing that
// keeps them from being run again.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "sample_store.hpp"

namespace annals::test {
namespace {

class CutShort : public testing::Test {
 protected:
  void SetUp() override {
    const auto store = open_for_writing(store_, *parse_timestamp("2024-03-01T12:00:00Z"));
    for (int i = 0; i < 40; ++i) {
      append(*store,
             {{.stream = "a-1", .type = "t", .data = '"' + std::string(1'000'000, 'x') + '"'}});
    }
  }
  /// Tells a copy to end as soon as it has begun to write.
  Ended terminated(const std::string& command, const std::string& from, const std::string& to,
                   const std::string& written = {}) {
    Program copy({ANNALS_PROGRAM, command, from, to});
    const std::string& begun = written.empty() ? to : written;
    std::error_code none;
    const auto longest = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!std::filesystem::exists(begun) || std::filesystem::is_empty(begun, none)) {
      if (std::chrono::steady_clock::now() > longest) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    copy.signal(SIGTERM);
    return copy.wait();
  }
  /// A command with a limit that the shell sets.
  Ended limited(const std::string& limit, const std::string& words) {
    return run({"/bin/sh", "-c", "ulimit " + limit + "; exec " ANNALS_PROGRAM " " + words});
  }

  testkit::TemporaryFolder folder_;
  const std::string store_ = folder_.file("store");
};

TEST_F(CutShort, ACopyThatIsToldToEndLeavesTheFolderEmptyAndCanBeRunAgain) {
  const std::string backup = folder_.file("backup");
  const Ended ended = terminated("backup", store_, backup);
  EXPECT_EQ(ended.exit_code, 1) << ended.out;
  EXPECT_NE(ended.err.find("given up when"), std::string::npos) << ended.err;
  EXPECT_TRUE(std::filesystem::is_empty(backup));
  EXPECT_EQ(annals({"backup", store_, backup}).exit_code, 0);
  const std::string restored = folder_.file("restored");
  EXPECT_EQ(terminated("restore", backup, restored).exit_code, 1);
  EXPECT_TRUE(std::filesystem::is_empty(restored));
  EXPECT_EQ(annals({"restore", backup, restored}).exit_code, 0);
}

TEST_F(CutShort, AFileThatMayNotGrowIsAnErrorAndNothingIsLeft) {
  const std::string backup = folder_.file("backup");
  const Ended ended = limited("-f 200", "backup " + store_ + " " + backup);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("File too large"), std::string::npos) << ended.err;
  EXPECT_TRUE(std::filesystem::is_empty(backup));
}

TEST_F(CutShort, AnExportThatFailsOrIsToldToEndLeavesNoFile) {
  const std::string file = folder_.file("history");
  const Ended ended = limited("-f 200", "export " + store_ + " --output " + file);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("File too large"), std::string::npos) << ended.err;
  EXPECT_FALSE(std::filesystem::exists(file));
  const Ended told = terminated("export", store_, "--output=" + file, file);
  EXPECT_EQ(told.exit_code, 1);
  EXPECT_NE(told.err.find("interrupted"), std::string::npos) << told.err;
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(annals({"export", store_, "--output", file}).exit_code, 0);
}

// How far a program comes with so little is the machine's; it must not abort.
TEST_F(CutShort, MemoryThatIsShortIsAnError) {
  for (int kilobytes = 16'000; kilobytes < 120'000; kilobytes += 4'000) {
    for (const char* command : {"verify ", "stats ", "read "}) {
      const Ended ended = limited("-v " + std::to_string(kilobytes), command + store_);
      EXPECT_LT(ended.exit_code, 128) << command << kilobytes << " " << ended.err;
    }
  }
}

}  // namespace
}  // namespace annals::test
