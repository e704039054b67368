// `state`, in a program that has types of its own.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sample_store.hpp"

namespace annals::test {
namespace {

class State : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }

  static Ended own(std::vector<std::string> words) {
    words.insert(words.begin(), OWN_TYPES_PROGRAM);
    return run(words);
  }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(State, IsFoldedFromTheEventsOfEachStreamNamed) {
  const Ended ended = own({"state", store_, "account-1", "account-2"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const auto lines = json_lines(ended.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["stream"], "account-1");
  EXPECT_EQ(lines[0]["version"], 2);
  EXPECT_EQ(lines[0]["as_of_position"], 7);
  EXPECT_EQ(lines[0]["state"]["owner"], "Ada");
  EXPECT_EQ(lines[0]["state"]["balance"], "12.50 EUR");
  EXPECT_EQ(lines[1]["state"]["balance"], "5.00 EUR");
}

TEST_F(State, CanBeAskedAsOfAPositionOrATime) {
  for (const std::vector<std::string>& cut :
       {std::vector<std::string>{"--as-of-position", "4"}, {"--as-of", "2024-03-01"}}) {
    const Ended ended = own({"state", store_, "account-1", cut[0], cut[1]});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_EQ(json_lines(ended.out)[0]["version"], 1);
    EXPECT_EQ(json_lines(ended.out)[0]["as_of_position"], 4);
    EXPECT_EQ(json_lines(ended.out)[0]["state"]["balance"], "10.00 EUR");
  }
}

TEST_F(State, IsATableWhenAskedFor) {
  const Ended ended = own({"state", store_, "account-1", "--table"});
  EXPECT_NE(ended.out.find(R"(state           {"owner":"Ada","balance":"12.50 EUR"})"),
            std::string::npos)
      << ended.out;
}

TEST_F(State, OfAnUnknownStreamOrAnotherCategoryIsAnError) {
  const Ended unknown = own({"state", store_, "account-99"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("stream_not_found"), std::string::npos) << unknown.err;
  const Ended other = own({"state", store_, "blob"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_NE(other.err.find("account-"), std::string::npos) << other.err;
}

TEST_F(State, AnEventThatTheTypesDoNotKnowIsAnErrorWithItsPosition) {
  {
    const auto store = open_for_writing(store_, *parse_timestamp("2024-03-03T00:00:00Z"));
    append(*store, {{.stream = "account-1", .type = "account_closed", .data = "{}"}});
  }
  const Ended ended = own({"state", store_, "account-1"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("unsupported"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("account_closed"), std::string::npos) << ended.err;
}

TEST_F(State, TheProgramHasTheOtherCommandsToo) {
  EXPECT_EQ(json_lines(own({"read", store_}).out).size(), 7U);
  EXPECT_EQ(own({"verify", store_}).exit_code, 0);
}

}  // namespace
}  // namespace annals::test
