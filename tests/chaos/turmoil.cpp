#include "turmoil.hpp"

#include <csignal>
#include <functional>
#include <sstream>
#include <thread>
#include <utility>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/relay/postgres_relay_checkpoints.hpp>

#include "kafka/topic.hpp"
#include "relay/topic_check.hpp"
#include "writers.hpp"

namespace annals::chaos {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds lease{2'500};

// The failures of checks, which are none of the test's yet.
std::vector<std::string> failures_of(const std::function<void()>& checks) {
  using Reporter = testing::ScopedFakeTestPartResultReporter;
  testing::TestPartResultArray results;
  {
    const Reporter reporter(Reporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    checks();
  }
  std::vector<std::string> failures;
  for (int i = 0; i < results.size(); ++i) {
    const testing::TestPartResult& result = results.GetTestPartResult(i);
    if (result.failed()) failures.emplace_back(result.message());
  }
  return failures;
}

}  // namespace

Turmoil::Turmoil(Cluster& cluster, std::uint64_t seed, std::string weakness)
    : cluster_(cluster),
      weakness_(std::move(weakness)),
      random_(seed),
      topic_(kafka_test::new_topic_name()),
      database_("chaos" + std::to_string(random_())),
      relays_(2) {
  EXPECT_TRUE(cluster_.make_database(database_));
  kafka_test::make_topic(cluster_.direct_brokers(), topic_, 6);
  auto store = open_log_event_store({.path = folder_.file("log")});
  EXPECT_TRUE(store) << to_string(store.error());
  store_ = *std::move(store);
  auto checkpoints = open_postgres_relay_checkpoints(
      {.url = cluster_.direct_url(database_), .schema = "annals_relay"});
  EXPECT_TRUE(checkpoints) << to_string(checkpoints.error());
  checkpoints_ = *std::move(checkpoints);
}

void Turmoil::start(Relay& relay) {
  relay.frozen_until.reset();
  relay.program = std::make_unique<test::Program>(
      std::vector<std::string>{CHAOS_RELAY, folder_.file("log"), cluster_.brokers(), topic_,
                               cluster_.url(database_), std::to_string(lease.count()), weakness_});
}

void Turmoil::bury(Relay& relay) {
  const test::Ended ended = relay.program->wait();
  relay.program.reset();
  const auto lines = test::split_lines(ended.out);
  if (lines.empty()) return;
  std::istringstream last(lines.back());
  std::string role;
  std::uint64_t claims = 0;
  std::uint64_t lost = 0;
  std::uint64_t producers = 0;
  last >> role >> claims >> lost >> producers;
  counters_.relays_fenced += lost;
  counters_.producers_lost += producers > claims ? producers - claims : 0;
}

void Turmoil::kill(Relay& relay) {
  relay.program->signal(SIGKILL);
  bury(relay);
  ++counters_.relays_killed;
  start(relay);
}

void Turmoil::freeze(Relay& relay) {
  if (relay.frozen_until) return;
  relay.program->signal(SIGSTOP);
  relay.frozen_until = SteadyClock::now() + lease + milliseconds(random_() % 3'000);
  ++counters_.relays_frozen;
}

void Turmoil::let_go_on(Relay& relay, bool all) {
  if (!relay.frozen_until || (!all && SteadyClock::now() < *relay.frozen_until)) return;
  relay.program->signal(SIGCONT);
  relay.frozen_until.reset();
}

Turmoil::Relay& Turmoil::leader() {
  const auto kept = checkpoints_->load(topic_);
  if (kept && *kept && (*kept)->holder) {
    for (Relay& relay : relays_) {
      if (relay.program->pid() == (*kept)->holder->pid) return relay;
    }
  }
  return relays_[random_() % relays_.size()];
}

void Turmoil::trouble_one() {
  switch (random_() % 8) {
    case 0:
    case 1: kill(leader()); break;
    case 2: kill(relays_[random_() % relays_.size()]); break;
    case 3:
    case 4: freeze(leader()); break;
    case 5:
      EXPECT_TRUE(cluster_.restart_database(random_() % 2 == 0));
      ++counters_.databases_ended;
      break;
    default: counters_.connections_cut += static_cast<std::uint64_t>(cluster_.cut(random_()));
  }
}

void Turmoil::go_on_for(milliseconds time) {
  const auto until = SteadyClock::now() + time;
  for (Relay& relay : relays_) start(relay);
  Writers writers(*store_, random_());
  BrokerTrouble brokers(cluster_, topic_, random_());
  while (SteadyClock::now() < until && !testing::Test::HasFailure()) {
    trouble_one();
    const auto next = SteadyClock::now() + milliseconds(100 + random_() % 1'500);
    while (SteadyClock::now() < next) {
      for (Relay& relay : relays_) let_go_on(relay, false);
      std::this_thread::sleep_for(milliseconds(20));
    }
  }
  writers.stop();
  counters_ += brokers.stop();
  for (Relay& relay : relays_) let_go_on(relay, true);
  until_published();
  for (Relay& relay : relays_) relay.program->signal(SIGTERM);
  for (Relay& relay : relays_) bury(relay);
}

void Turmoil::until_published() {
  const GlobalPosition head = store_->head().position;
  counters_.events = head.value;
  const auto until = SteadyClock::now() + std::chrono::minutes(3);
  GlobalPosition position;
  while (position < head) {
    const auto kept = checkpoints_->load(topic_);
    if (kept && *kept) {
      position = (*kept)->checkpoint.token.position;
      // The first one has taken nothing over.
      counters_.take_overs = (*kept)->epoch - 1;
      ASSERT_EQ((*kept)->failure, "");
    }
    ASSERT_LT(SteadyClock::now(), until)
        << "published up to " << position.value << " of " << head.value;
    std::this_thread::sleep_for(milliseconds(50));
  }
}

std::vector<std::string> Turmoil::problems() {
  return failures_of([this] {
    const auto records = kafka_test::read_topic(cluster_.direct_brokers(), topic_);
    const relay_test::TopicCheck check = relay_test::check_topic(records);
    const std::uint64_t head = store_->head().position.value;
    EXPECT_EQ(check.missing(head), 0U) << "positions are missing in the topic";
    EXPECT_LE(check.events.size(), head);
    counters_.records = check.taken;
    counters_.repeated = check.repeated;
  });
}

}  // namespace annals::chaos
