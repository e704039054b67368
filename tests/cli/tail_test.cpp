// `annals tail` beside a live writer.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sample_store.hpp"

#include <signal.h>

namespace annals::test {
namespace {

using namespace std::chrono_literals;

class Tail : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }

  std::unique_ptr<EventStore> writer() {
    return open_for_writing(store_, *parse_timestamp("2024-03-03T00:00:00Z"));
  }
  static NewEvent noted(const std::string& stream, int n) {
    return {.stream = stream, .type = "noted", .data = "{\"n\":" + std::to_string(n) + "}"};
  }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(Tail, ShowsHistoryThenWhatALiveWriterAppends) {
  const auto store = writer();
  Program tail({ANNALS_PROGRAM, "tail", store_, "--from", "6", "--limit", "4"});
  EXPECT_EQ(tail.lines(2, 20s).size(), 2U);
  append(*store, {noted("live-1", 1)});
  EXPECT_EQ(tail.lines(3, 20s).size(), 3U);
  append(*store, {noted("live-1", 2)});
  const Ended ended = tail.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 4U);
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i]["position"], 6 + i);
  EXPECT_EQ(lines[3]["data"]["n"], 2);
}

TEST_F(Tail, ShowsOnlyWhatIsSelected) {
  const auto store = writer();
  Program tail({ANNALS_PROGRAM, "tail", store_, "--after", "0", "--stream", "live-2", "--limit",
                "1", "--timeout", "30"});
  append(*store, {noted("live-1", 1)});
  append(*store, {noted("live-2", 2)});
  const Ended ended = tail.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  ASSERT_EQ(json_lines(ended.out).size(), 1U);
  EXPECT_EQ(json_lines(ended.out)[0]["stream"], "live-2");
}

TEST_F(Tail, WithoutABeginningItShowsOnlyWhatIsNew) {
  const Ended ended = annals({"tail", store_, "--timeout", "0.3"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "");
}

TEST_F(Tail, ALimitThatIsNotMetInTimeIsAnError) {
  const Ended ended = annals({"tail", store_, "--after", "5", "--limit", "3", "--timeout", "0.3"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(json_lines(ended.out).size(), 2U);
  EXPECT_EQ(ended.err, "annals: timeout: 2 of 3 events came in the time allowed\n");
}

TEST_F(Tail, EndsCleanlyWhenInterruptedOrTerminated) {
  for (const int number : {SIGINT, SIGTERM}) {
    Program tail({ANNALS_PROGRAM, "tail", store_, "--after", "0"});
    EXPECT_EQ(tail.lines(7, 20s).size(), 7U);
    tail.signal(number);
    const Ended ended = tail.wait();
    EXPECT_EQ(ended.exit_code, 0) << number << "\n" << ended.err;
    EXPECT_EQ(json_lines(ended.out).size(), 7U);
  }
}

TEST_F(Tail, AReaderThatWentAwayEndsItAtTheNextEvent) {
  const auto store = writer();
  Program tail({ANNALS_PROGRAM, "tail", store_, "--after", "0"});
  EXPECT_EQ(tail.lines(7, 20s).size(), 7U);
  tail.close_output();
  append(*store, {noted("live-1", 1)});
  const Ended ended = tail.wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.err, "");
}

TEST_F(Tail, APositionBeyondTheEndIsAnError) {
  const Ended ended = annals({"tail", store_, "--after", "8", "--timeout", "5"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err.find("annals: diverged: "), 0U) << ended.err;
}

}  // namespace
}  // namespace annals::test
