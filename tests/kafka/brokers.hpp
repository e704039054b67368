#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace annals::kafka_test {

/// The brokers that tests share, as clients are given them: ANNALS_KAFKA_BROKERS, or the one that
/// ctest has started for this run, or one of this process's own. Nothing if there are none;
/// why_no_brokers() then says why.
std::optional<std::string> brokers();
std::string why_no_brokers();

/// Brokers of one test's own, for those who kill them. They are Apache Kafka's, from
/// kafka_brokers.py, and end with the object.
class OwnBrokers {
 public:
  /// Starts `count` and waits until they know each other. Nothing if there are none; `why` says
  /// why.
  static std::unique_ptr<OwnBrokers> start(int count, std::string& why);
  ~OwnBrokers();
  OwnBrokers(const OwnBrokers&) = delete;
  OwnBrokers& operator=(const OwnBrokers&) = delete;

  const std::string& addresses() const { return addresses_; }
  /// Ends broker `number` (1, 2, …) as a crash would, and waits until it has been started again.
  /// False if it has not within a minute.
  bool kill(int number);

 private:
  OwnBrokers() = default;

  std::string state_;  // The file that says where they are.
  std::string addresses_;
};

/// A name that no topic has.
std::string new_topic_name();

}  // namespace annals::kafka_test

/// First line of a test or a SetUp() that needs a broker.
#define ANNALS_NEEDS_KAFKA()            \
  if (!::annals::kafka_test::brokers()) \
  GTEST_SKIP() << "SKIPPED: needs a Kafka broker, but " << ::annals::kafka_test::why_no_brokers()
