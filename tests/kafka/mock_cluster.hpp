#pragma once

#include <string>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

namespace annals::kafka_test {

/// Brokers that librdkafka plays in this process, with one topic; they fail as they are told to.
class MockCluster {
 public:
  MockCluster(const std::string& topic, int partitions, int brokers = 3);
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  /// Their addresses.
  std::string brokers() const;
  /// To tell them what to do; null if they could not be made, which is the test's failure.
  rd_kafka_mock_cluster_t* get() const { return cluster_; }

 private:
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace annals::kafka_test
