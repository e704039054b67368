// `annals relay postgres://…`: the log and the checkpoint in PostgreSQL, relays on several
// machines.

#include <memory>
#include <thread>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/relay/postgres_relay_checkpoints.hpp>
#include <annals/testkit/seed.hpp>

#include "cli/program.hpp"
#include "kafka/brokers.hpp"
#include "kafka/topic.hpp"
#include "postgres/database.hpp"
#include "relay/history.hpp"
#include "relay/topic_check.hpp"

#include <signal.h>

namespace annals::relay_test {
namespace {

using namespace std::chrono_literals;
using test::Program;

class RelayOfADatabase : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    ANNALS_NEEDS_KAFKA();
    database_.emplace();
    auto opened = open_postgres_event_store({.url = database_->url()});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> all = {ANNALS_PROGRAM,
                                    "relay",
                                    database_->url(),
                                    "--brokers",
                                    *kafka_test::brokers(),
                                    "--topic",
                                    topic_,
                                    "--partitions",
                                    "3",
                                    "--lease",
                                    "1",
                                    "--status-every",
                                    "0.1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static void until_role(Program& relay, const std::string& role) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    const std::string word = R"("role":")" + role + '"';
    for (std::size_t count = 1;; ++count) {
      const auto lines = relay.lines(count, 60s);
      if (!lines.empty() && lines.back().find(word) != std::string::npos) return;
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "it does not become " << role;
    }
  }

  std::optional<postgres_test::Database> database_;
  std::unique_ptr<EventStore> store_;
  std::string topic_ = kafka_test::new_topic_name();
  std::mt19937_64 random_{testkit::seed(6004)};
};

TEST_F(RelayOfADatabase, OneThatIsKilledIsFollowedByTheNextAndNothingIsMissing) {
  GlobalPosition head = grow(*store_, 500, random_);
  const auto start = [&] { return std::make_unique<Program>(words({"--set", "linger.ms=300"})); };
  std::unique_ptr<Program> leader = start();
  until_role(*leader, "leader");
  for (int round = 0; round < 4; ++round) {
    std::unique_ptr<Program> standby = start();
    until_role(*standby, "standby");
    head = grow(*store_, head.value + 200 + random_() % 200, random_);
    std::this_thread::sleep_for(std::chrono::milliseconds(random_() % 500));
    leader->signal(SIGKILL);
    leader->wait();
    until_role(*standby, "leader");
    leader = std::move(standby);
  }
  leader->signal(SIGTERM);
  EXPECT_EQ(leader->wait().exit_code, 0);
  // The place that is the default, by its address.
  const test::Ended ended = test::run(words({"--once", "--checkpoints", database_->url()}));
  ASSERT_EQ(ended.exit_code, 0) << ended.err;

  const auto records = kafka_test::read_topic(*kafka_test::brokers(), topic_);
  const TopicCheck check = check_topic(records);
  EXPECT_EQ(check.missing(head.value), 0U);
  EXPECT_EQ(check.events.size(), head.value);
  const auto events = read_all(*store_, {});
  ASSERT_TRUE(events);
  for (const RecordedEvent& event : *events) {
    const auto& record = *check.events.at(event.position.value - 1);
    EXPECT_EQ(record.key, event.stream);
    EXPECT_EQ(record.value, event.data);
  }

  const auto place =
      open_postgres_relay_checkpoints({.url = database_->url(), .schema = "annals_relay"});
  ASSERT_TRUE(place) << place.error().message;
  const auto kept = (*place)->load(topic_);
  ASSERT_TRUE(kept && *kept) << "the checkpoint lies beside the log";
  EXPECT_EQ((*kept)->checkpoint.token.position, head);
  EXPECT_EQ((*kept)->epoch, 6U) << "the first, four that took over, and --once";
  EXPECT_EQ((*kept)->holder, std::nullopt);
}

}  // namespace
}  // namespace annals::relay_test
