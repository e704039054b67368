#include "mock_cluster.hpp"

#include <gtest/gtest.h>

namespace annals::kafka_test {

MockCluster::MockCluster(const std::string& topic, int partitions, int brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  char said[512] = {};
  owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
  EXPECT_NE(owner_, nullptr) << said;
  if (owner_ == nullptr) return;
  cluster_ = rd_kafka_mock_cluster_new(owner_, brokers);
  EXPECT_NE(cluster_, nullptr);
  if (cluster_ != nullptr) {
    rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, brokers);
  }
}

MockCluster::~MockCluster() {
  if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
  if (owner_ != nullptr) rd_kafka_destroy(owner_);
}

std::string MockCluster::brokers() const {
  return cluster_ == nullptr ? "" : rd_kafka_mock_cluster_bootstraps(cluster_);
}

}  // namespace annals::kafka_test
