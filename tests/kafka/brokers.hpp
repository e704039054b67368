#pragma once

#include <csignal>
#include <cstdint>
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

/// The folder of Apache Kafka's jars; the file "complete" lies in it once they are there.
std::string jars();

/// Brokers of one test's own, for those who kill them. They are Apache Kafka's, from
/// kafka_brokers.py, and end with the object.
class OwnBrokers {
 public:
  enum class Kind : std::uint8_t {
    plain,
    secure,         ///< At second_addresses() they speak TLS and ask for a password.
    proxied,        ///< From advertised() somebody must pass on to second_addresses().
    making_topics,  ///< They make a topic that somebody asks for.
  };
  /// Starts `count` and waits until they know each other. Nothing if there are none; `why` says
  /// why.
  static std::unique_ptr<OwnBrokers> start(int count, std::string& why, Kind kind = Kind::plain);
  ~OwnBrokers();
  OwnBrokers(const OwnBrokers&) = delete;
  OwnBrokers& operator=(const OwnBrokers&) = delete;

  const std::string& addresses() const { return addresses_; }
  /// Where they listen a second time, those that are not plain, and where clients there are sent.
  const std::string& second_addresses() const { return second_addresses_; }
  const std::string& advertised() const { return advertised_; }
  /// Of secure ones: the certificate of whom to trust, and who is let in.
  const std::string& authority() const { return authority_; }
  static constexpr const char* user = "annals";
  static constexpr const char* password = "correct horse";

  int count() const { return count_; }
  /// Ends broker `number` (1, 2, …) as a crash would, and waits until it has been started again; it
  /// may not answer yet. False if it has not within a minute.
  bool kill(int number) { return end(number, SIGKILL); }
  /// The same, but it is told to end: others take over what it led.
  bool stop(int number) { return end(number, SIGTERM); }
  /// For SIGSTOP and SIGCONT. False if there is no such broker.
  bool signal(int number, int signal) const;
  /// The broker that is the active controller now; 0 if none says so.
  int controller() const;

 private:
  OwnBrokers() = default;
  bool end(int number, int signal);

  std::string state_;  // The file that says where they are.
  int count_ = 0;
  std::string addresses_;
  std::string second_addresses_;
  std::string advertised_;
  std::string authority_;
};

/// A name that no topic has.
std::string new_topic_name();

}  // namespace annals::kafka_test

/// First line of a test or a SetUp() that needs a broker.
#define ANNALS_NEEDS_KAFKA()            \
  if (!::annals::kafka_test::brokers()) \
  GTEST_SKIP() << "SKIPPED: needs a Kafka broker, but " << ::annals::kafka_test::why_no_brokers()
