// Which of Kafka's errors pass, and which somebody must do something about.

#include "kafka_error.hpp"

#include <gtest/gtest.h>

namespace annals::internal {
namespace {

TEST(KafkaErrors, ThatPassByThemselvesAreUnavailable) {
  EXPECT_EQ(to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "asking").code, ErrorCode::unavailable);
  EXPECT_EQ(to_error(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, "asking").code, ErrorCode::unavailable);
  EXPECT_EQ(to_error(RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "making").code,
            ErrorCode::invalid_argument);
}

// A busy broker that missed its heartbeats is fenced until it sends one.
TEST(KafkaErrors, BrokersThatDoNotCountJustNowAreNotTooFewCopies) {
  const Error fenced =
      to_error(RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, "making topic t",
               "Unable to replicate the partition 1 time(s): All brokers are currently fenced.");
  EXPECT_EQ(fenced.code, ErrorCode::unavailable);
  EXPECT_NE(fenced.message.find("currently fenced"), std::string::npos) << fenced.message;
  const Error few = to_error(RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, "making topic t",
                             "Unable to replicate the partition 3 time(s): The target replication "
                             "factor of 3 cannot be reached because only 1 broker(s) are "
                             "registered.");
  EXPECT_EQ(few.code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace annals::internal
