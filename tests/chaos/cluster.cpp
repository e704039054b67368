#include "cluster.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <variant>

#include <gtest/gtest.h>

#include "kafka/topic.hpp"

namespace annals::chaos {

namespace {

using std::chrono::milliseconds;

std::vector<int> ports_of(const std::string& addresses) {
  std::vector<int> ports;
  std::istringstream in(addresses);
  for (std::string address; std::getline(in, address, ',');) {
    ports.push_back(std::atoi(address.substr(address.rfind(':') + 1).c_str()));
  }
  return ports;
}

}  // namespace

std::unique_ptr<Cluster> Cluster::start(std::string& why) {
  using kafka_test::OwnBrokers;
  std::unique_ptr<Cluster> cluster(new Cluster);
  auto server = postgres_test::Server::start();
  if (auto* missing = std::get_if<postgres_test::Server::Missing>(&server)) {
    why = missing->why;
    return nullptr;
  }
  cluster->server_ = std::move(std::get<std::unique_ptr<postgres_test::Server>>(server));
  cluster->brokers_ = OwnBrokers::start(3, why, OwnBrokers::Kind::proxied);
  if (!cluster->brokers_) return nullptr;
  const auto outside = ports_of(cluster->brokers_->advertised());
  const auto inside = ports_of(cluster->brokers_->second_addresses());
  for (std::size_t i = 0; i < outside.size(); ++i) {
    cluster->proxies_.push_back(std::make_unique<TcpProxy>(outside[i], inside[i]));
  }
  cluster->proxies_.push_back(std::make_unique<TcpProxy>(0, cluster->server_->port()));
  for (const auto& proxy : cluster->proxies_) {
    if (proxy->port() != 0) continue;
    why = "a proxy could not listen at its port";
    return nullptr;
  }
  return cluster;
}

bool Cluster::make_database(const std::string& name) const {
  return server_->run_sql("CREATE DATABASE " + name);
}

std::string Cluster::url(const std::string& database) const {
  std::string url = direct_url(database);
  const std::string port = ':' + std::to_string(server_->port());
  return url.replace(url.find(port), port.size(), ':' + std::to_string(proxies_.back()->port()));
}

bool Cluster::restart_database(bool kill) {
  kill ? server_->kill() : server_->stop();
  return server_->start_again();
}

int Cluster::cut(std::uint64_t which) { return proxies_[which % proxies_.size()]->cut(); }

BrokerTrouble::BrokerTrouble(Cluster& cluster, std::string topic, std::uint64_t seed)
    : cluster_(cluster), topic_(std::move(topic)), random_(seed), thread_([this] { work(); }) {}

Counters BrokerTrouble::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return counters_;
}

void BrokerTrouble::work() {
  while (!stopping_ && !testing::Test::HasFailure()) {
    nap(2'000);
    if (stopping_) break;
    trouble_one();
    kafka_test::until_in_sync(cluster_.direct_brokers(), topic_, cluster_.brokers_->count());
  }
}

void BrokerTrouble::trouble_one() {
  kafka_test::OwnBrokers& brokers = *cluster_.brokers_;
  const int any = 1 + static_cast<int>(random_() % static_cast<std::uint64_t>(brokers.count()));
  switch (random_() % 5) {
    case 0:
    case 1:
      EXPECT_TRUE(brokers.kill(any));
      ++counters_.brokers_killed;
      break;
    case 2: {
      const int controller = brokers.controller();
      if (controller == 0) break;
      EXPECT_TRUE(brokers.kill(controller));
      ++counters_.brokers_killed;
      ++counters_.controllers_killed;
      break;
    }
    case 3:
      EXPECT_TRUE(brokers.stop(any));
      ++counters_.brokers_stopped;
      break;
    default:
      // Longer than the others believe in one that says nothing.
      EXPECT_TRUE(brokers.signal(any, SIGSTOP));
      nap(10'000);
      EXPECT_TRUE(brokers.signal(any, SIGCONT));
      ++counters_.brokers_frozen;
  }
}

void BrokerTrouble::nap(std::uint64_t longest_ms) {
  const auto until =
      std::chrono::steady_clock::now() + milliseconds(longest_ms / 4 + random_() % longest_ms);
  while (!stopping_ && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(milliseconds(20));
  }
}

}  // namespace annals::chaos
