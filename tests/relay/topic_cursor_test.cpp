// The place in a topic that is kept with a checkpoint.

#include "topic_cursor.hpp"

#include <gtest/gtest.h>

namespace annals::internal {
namespace {

const TopicCursor cursor{{"MkU3OEVBNTcwNTJENDM2Qg", "ledger", 3},
                         {{0, {12, {345}}}, {1, {0, {0}}}, {2, {9, {340}}}}};

TEST(TopicCursors, AreReadBackAsTheyWereWritten) {
  EXPECT_EQ(to_text(cursor),
            "annals-kafka 1 MkU3OEVBNTcwNTJENDM2Qg ledger 3 0@12:345 1@0:0 2@9:340");
  const auto back = parse_topic_cursor(to_text(cursor));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(**back, cursor);
  TopicCursor nameless = cursor;
  nameless.of.cluster.clear();
  EXPECT_EQ(**parse_topic_cursor(to_text(nameless)), nameless);
}

TEST(TopicCursors, OfOtherSourcesAreNone) {
  EXPECT_EQ(*parse_topic_cursor(""), std::nullopt);
  EXPECT_EQ(*parse_topic_cursor("something else"), std::nullopt);
}

TEST(TopicCursors, ThatAreDamagedOrLaterAreRefused) {
  EXPECT_EQ(parse_topic_cursor("annals-kafka 2 x").error().code, ErrorCode::unsupported);
  const std::string whole = to_text(cursor);
  for (std::size_t size = 14; size < whole.size(); ++size) {
    const auto cut = parse_topic_cursor(whole.substr(0, size));
    if (cut) {
      EXPECT_NE(**cut, cursor);
    } else {
      EXPECT_NE(cut.error().code, ErrorCode::unavailable);
    }
  }
  for (const char* places : {"0@12", "0:12", "x@1:2", "3@1:2", "0@-1:2", "0@1:2 0@1:2", "0@1:x",
                             "0@1:-1", "0@1:9223372036854775808"}) {
    const auto refused = parse_topic_cursor("annals-kafka 1 c ledger 3 " + std::string(places));
    ASSERT_FALSE(refused) << places;
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  }
}

TEST(TopicCursors, OfAnotherTopicClusterOrCountOfPartitionsAreRefused) {
  const auto why = [](TopicIdentity is) {
    const auto same = check_same_topic(cursor.of, is);
    EXPECT_TRUE(same || same.error().code == ErrorCode::invalid_argument);
    return same ? "" : same.error().message;
  };
  EXPECT_EQ(why(cursor.of), "");
  EXPECT_EQ(why({"", "ledger", 3}), "") << "brokers that have no cluster id";
  EXPECT_EQ(why({cursor.of.cluster, "bank", 3}),
            "it was read from topic ledger, and this is topic bank");
  EXPECT_NE(why({"other", "ledger", 3}).find("are of the cluster other"), std::string::npos);
  EXPECT_EQ(why({cursor.of.cluster, "ledger", 4}),
            "topic ledger has 4 partitions, and had 3: streams may have changed theirs");
}

}  // namespace
}  // namespace annals::internal
