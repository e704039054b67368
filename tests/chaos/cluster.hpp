#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "counters.hpp"
#include "kafka/brokers.hpp"
#include "postgres/server.hpp"
#include "tcp_proxy.hpp"

namespace annals::chaos {

/// Three brokers and a PostgreSQL server of our own. Clients reach them through proxies that can be
/// cut; whoever checks goes there directly.
class Cluster {
 public:
  /// Nothing if one of them cannot be had; `why` says why.
  static std::unique_ptr<Cluster> start(std::string& why);

  const std::string& brokers() const { return brokers_->advertised(); }
  const std::string& direct_brokers() const { return brokers_->addresses(); }
  /// Makes a database of that name.
  bool make_database(const std::string& name) const;
  std::string url(const std::string& database) const;
  std::string direct_url(const std::string& database) const { return server_->url(database); }

  /// Ends the PostgreSQL server, by SIGKILL or as it would be, and starts it again.
  bool restart_database(bool kill);
  /// Cuts all connections through one of the proxies. Returns how many.
  int cut(std::uint64_t which);

 private:
  friend class BrokerTrouble;
  Cluster() = default;

  std::unique_ptr<kafka_test::OwnBrokers> brokers_;
  std::unique_ptr<postgres_test::Server> server_;
  std::vector<std::unique_ptr<TcpProxy>> proxies_;  // Of the brokers, and the last of the server.
};

/// Ends and freezes brokers, one after the other on a thread of its own: the next when all have all
/// copies of `topic` again.
class BrokerTrouble {
 public:
  BrokerTrouble(Cluster& cluster, std::string topic, std::uint64_t seed);
  ~BrokerTrouble() { static_cast<void>(stop()); }
  BrokerTrouble(const BrokerTrouble&) = delete;
  BrokerTrouble& operator=(const BrokerTrouble&) = delete;

  /// Waits until all brokers are well. Returns what it has done.
  Counters stop();

 private:
  void work();
  void trouble_one();
  void nap(std::uint64_t longest_ms);

  Cluster& cluster_;
  const std::string topic_;
  std::mt19937_64 random_;
  std::atomic<bool> stopping_ = false;
  Counters counters_;  // The thread's until it has been joined.
  std::thread thread_;
};

}  // namespace annals::chaos
