#include "turmoil.hpp"

#include <cstdio>
#include <functional>
#include <thread>
#include <utility>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <annals/eventstore/log_event_store.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
#include <annals/projections/projection_runner.hpp>
#include <annals/projections/rows.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/relay/postgres_relay_checkpoints.hpp>

#include "kafka/topic.hpp"
#include "ledger.hpp"
#include "relay/topic_check.hpp"
#include "writers.hpp"

namespace annals::chaos {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds lease{2'500};
constexpr milliseconds poll_interval_max{6'000};  // Of the consumers.
constexpr std::uint32_t partitions = 6;

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

std::uint64_t number(const std::vector<std::string>& words, std::size_t index) {
  return index < words.size() ? std::strtoull(words[index].c_str(), nullptr, 10) : 0;
}

template <typename T>
T opened(Result<T> result) {
  EXPECT_TRUE(result) << to_string(result.error());
  return result ? *std::move(result) : T{};
}

template <typename R>
std::vector<R> rows_in(const ReadModelStore& store) {
  auto transaction = store.read();
  EXPECT_TRUE(transaction) << to_string(transaction.error());
  if (!transaction) return {};
  auto rows = Rows(**transaction).all<R>();
  EXPECT_TRUE(rows) << to_string(rows.error());
  return rows ? *std::move(rows) : std::vector<R>();
}

}  // namespace

Turmoil::Turmoil(Cluster& cluster, std::uint64_t seed, Weakness weakness)
    : cluster_(cluster),
      random_(seed),
      topic_(kafka_test::new_topic_name()),
      database_("chaos" + std::to_string(random_())) {
  EXPECT_TRUE(cluster_.make_database(database_));
  kafka_test::make_topic(cluster_.direct_brokers(), topic_, partitions);
  const std::string url = cluster_.direct_url(database_);
  store_ = opened(open_log_event_store({.path = folder_.file("log")}));
  checkpoints_ = opened(open_postgres_relay_checkpoints({.url = url, .schema = "annals_relay"}));
  read_models_ = opened(open_postgres_read_models({.url = url, .schema = "read_models"}));
  add_relays(weakness);
  add_consumers(weakness);
}

void Turmoil::add_relays(Weakness weakness) {
  std::vector<std::string> words = {
      CHAOS_RELAY, folder_.file("log"),     cluster_.brokers(),
      topic_,      cluster_.url(database_), std::to_string(lease.count())};
  if (weakness == Weakness::checkpoint_not_contiguous) words.emplace_back("not-contiguous");
  for (int i = 0; i < 2; ++i) {
    relays_.emplace_back(words, [this](const auto& last) {
      const std::uint64_t claims = number(last, 1);
      const std::uint64_t producers = number(last, 3);
      counters_.relays_fenced += number(last, 2);
      counters_.producers_lost += producers > claims ? producers - claims : 0;
    });
  }
}

void Turmoil::add_consumers(Weakness weakness) {
  const bool unchecked = weakness == Weakness::position_not_checked;
  std::vector<std::string> words = {unchecked ? CHAOS_UNCHECKED_PROJECTOR : CHAOS_PROJECTOR,
                                    cluster_.brokers(),
                                    topic_,
                                    cluster_.url(database_),
                                    std::to_string(lease.count()),
                                    random_() % 2 == 0 ? "range" : "cooperative-sticky"};
  if (weakness == Weakness::epoch_not_checked) words.emplace_back("epoch-not-checked");
  for (int i = 0; i < 3; ++i) {
    consumers_.emplace_back(words, [this](const auto& last) {
      counters_.dropped += number(last, 2);
      counters_.consumers_fenced += number(last, 3);
      counters_.rebalances_with_work += number(last, 4);
    });
  }
}

std::vector<Process*> Turmoil::all() {
  std::vector<Process*> all;
  for (Process& relay : relays_) all.push_back(&relay);
  for (Process& consumer : consumers_) all.push_back(&consumer);
  return all;
}

Process& Turmoil::any_of(std::vector<Process>& processes) {
  return processes[random_() % processes.size()];
}

Process& Turmoil::leader() {
  const auto kept = checkpoints_->load(topic_);
  if (kept && *kept && (*kept)->holder) {
    for (Process& relay : relays_) {
      if (relay.pid() == (*kept)->holder->pid) return relay;
    }
  }
  return any_of(relays_);
}

void Turmoil::freeze(Process& process, milliseconds least, std::uint64_t& count) {
  if (process.frozen()) return;
  process.freeze(least + milliseconds(random_() % 3'000));
  ++count;
}

void Turmoil::trouble_one() {
  switch (random_() % 12) {
    case 0:
    case 1:
      leader().kill();
      ++counters_.relays_killed;
      break;
    case 2:
    case 3: freeze(leader(), lease, counters_.relays_frozen); break;
    case 4:
    case 5:
    case 6:
      any_of(consumers_).kill();
      ++counters_.consumers_killed;
      break;
    case 7:
    case 8: freeze(any_of(consumers_), poll_interval_max, counters_.consumers_frozen); break;
    case 9:
      EXPECT_TRUE(cluster_.restart_database(random_() % 2 == 0));
      ++counters_.databases_ended;
      break;
    default: counters_.connections_cut += static_cast<std::uint64_t>(cluster_.cut(random_()));
  }
}

void Turmoil::go_on_for(milliseconds time, std::chrono::seconds patience) {
  const auto until = SteadyClock::now() + time;
  auto tell_at = SteadyClock::now() + std::chrono::minutes(1);
  stuck_.clear();
  for (Process* process : all()) process->start();
  Writers writers(*store_, random_());
  BrokerTrouble brokers(cluster_, topic_, random_());
  while (SteadyClock::now() < until && !testing::Test::HasFailure()) {
    trouble_one();
    const auto next = SteadyClock::now() + milliseconds(100 + random_() % 1'500);
    while (SteadyClock::now() < next) {
      for (Process* process : all()) process->tend();
      std::this_thread::sleep_for(milliseconds(20));
    }
    if (SteadyClock::now() < tell_at) continue;
    tell_at += std::chrono::minutes(1);
    counters_.events = store_->head().position.value;
    std::printf("%s\n", to_string(counters_).c_str());
    std::fflush(stdout);
  }
  writers.stop();
  counters_ += brokers.stop();
  counters_.events = store_->head().position.value;
  for (Process* process : all()) process->let_go_on();
  const auto longest = SteadyClock::now() + patience;
  if (until_published(longest)) until_projected(longest);
  for (Process* process : all()) process->end();
}

bool Turmoil::until_published(SteadyClock::time_point longest) {
  const GlobalPosition head = store_->head().position;
  GlobalPosition position;
  while (position < head) {
    const auto kept = checkpoints_->load(topic_);
    if (kept && *kept) {
      position = (*kept)->checkpoint.token.position;
      counters_.take_overs = (*kept)->epoch - 1;  // The first one has taken nothing over.
    }
    for (Process* process : all()) process->tend();
    if (SteadyClock::now() > longest) {
      stuck_.push_back("published up to " + to_string(position) + " of " + to_string(head));
      return false;
    }
    std::this_thread::sleep_for(milliseconds(50));
  }
  return true;
}

void Turmoil::until_projected(SteadyClock::time_point longest) {
  const GlobalPosition head = store_->head().position;
  for (const char* projection : {"ledger", "journal"}) {
    GlobalPosition position;
    while (position < head && SteadyClock::now() < longest) {
      for (Process* process : all()) process->tend();
      const auto reached =
          read_models_->wait(projection, head, SteadyClock::now() + milliseconds(100));
      if (reached && *reached) position = (*reached)->position();
    }
    if (position < head) {
      stuck_.push_back(std::string(projection) + " is at " + to_string(position) + " of " +
                       to_string(head));
    }
  }
}

void Turmoil::check_topic() {
  const auto records = kafka_test::read_topic(cluster_.direct_brokers(), topic_);
  const relay_test::TopicCheck check = relay_test::check_topic(records);
  const std::uint64_t head = store_->head().position.value;
  EXPECT_EQ(check.missing(head), 0U) << "positions are missing in the topic";
  EXPECT_LE(check.events.size(), head);
  counters_.records = check.taken;
  counters_.repeated = check.repeated;
}

void Turmoil::check_read_models() {
  const auto fresh = opened(open_sqlite_read_models({}));
  ProjectionRunner runner(*store_, *fresh);
  ASSERT_TRUE((runner.add<Ledger, Journal>()));
  for (const char* projection : {"ledger", "journal"}) {
    ASSERT_TRUE(runner.wait(projection, store_->head().position, std::chrono::minutes(2)));
  }
  EXPECT_EQ(rows_in<Account>(*read_models_), rows_in<Account>(*fresh)) << "the ledger differs";
  EXPECT_EQ(rows_in<Page>(*read_models_), rows_in<Page>(*fresh)) << "the journal differs";
}

std::vector<std::string> Turmoil::problems() {
  std::vector<std::string> all_of_them = failures_of([this] { check_topic(); });
  for (const Process* process : all()) {
    for (const std::string& complaint : process->complaints()) all_of_them.push_back(complaint);
  }
  if (!stuck_.empty()) return all_of_them;
  for (std::string& failure : failures_of([this] { check_read_models(); })) {
    all_of_them.push_back(std::move(failure));
  }
  return all_of_them;
}

}  // namespace annals::chaos
