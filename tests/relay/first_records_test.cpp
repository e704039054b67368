// The first record of a producer goes to a partition alone.

#include "first_records.hpp"

#include <gtest/gtest.h>

namespace annals::internal {
namespace {

using std::chrono::milliseconds;

class FirstRecordsTest : public testing::Test {
 protected:
  FirstRecords firsts_{2};
  FirstRecords::Moment now_;
};

TEST_F(FirstRecordsTest, NothingFollowsTheFirstUntilItIsAcknowledged) {
  EXPECT_FALSE(firsts_.known(0, now_));
  EXPECT_TRUE(firsts_.may_send(0, now_));
  firsts_.sent(0);
  EXPECT_FALSE(firsts_.may_send(0, now_));
  EXPECT_TRUE(firsts_.may_send(1, now_)) << "another partition";
  firsts_.acknowledged(0, now_);
  EXPECT_TRUE(firsts_.known(0, now_));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(firsts_.may_send(0, now_));
    firsts_.sent(0);
  }
}

TEST_F(FirstRecordsTest, APartitionThatHasLongBeenSilentKnowsNobody) {
  firsts_.sent(0);
  firsts_.acknowledged(0, now_);
  firsts_.sent(0);
  const auto later = now_ + FirstRecords::remembered_for;
  EXPECT_TRUE(firsts_.may_send(0, later - milliseconds(1)));
  EXPECT_FALSE(firsts_.may_send(0, later)) << "what is under way may be the first again";
  firsts_.acknowledged(0, later);
  EXPECT_TRUE(firsts_.may_send(0, later + milliseconds(1)));
  EXPECT_TRUE(firsts_.known(0, later + milliseconds(1)));
}

}  // namespace
}  // namespace annals::internal
