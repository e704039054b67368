// P1, P2, P5 and P6 of a service on PostgreSQL whose processes end by SIGKILL: sessions, the
// server, and the service itself. The oracle is here, outside: it knows what was acknowledged from
// a pipe.
//
// ANNALS_SEED says how the kills fall; ANNALS_SOAK makes many more.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
#include <annals/projections/rebuild.hpp>
#include <annals/testkit/seed.hpp>

#include "moves.hpp"
#include "postgres/server.hpp"
#include "service.hpp"

namespace annals::warehouse {
namespace {

using postgres_test::Server;
using std::chrono::milliseconds;

bool soak() { return std::getenv("ANNALS_SOAK") != nullptr; }

class PostgresServiceKills : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Server::start();
    if (auto* missing = std::get_if<Server::Missing>(&started)) {
      GTEST_SKIP() << "SKIPPED: needs a server of its own, but " << missing->why;
    }
    server_ = std::move(std::get<std::unique_ptr<Server>>(started));
    ASSERT_TRUE(server_->run_sql("CREATE DATABASE models"));
  }

  void start_service() {
    service_.emplace(std::vector<std::string>{server_->url(), std::to_string(seed_),
                                              std::to_string(acknowledged_.first_missing()), "6",
                                              server_->url(), server_->url("models")},
                     [this](const std::string& line) {
                       std::istringstream words(line);
                       std::uint64_t number = 0;
                       std::uint64_t position = 0;
                       std::string link;
                       words >> number >> position >> link;
                       const auto digest = parse_digest(link);
                       ASSERT_TRUE(words && digest) << line;
                       acknowledged_.add(number, {GlobalPosition{position}, *digest});
                     });
  }

  // Something new is acknowledged: the next kill falls under load again.
  void await_work() {
    const std::uint64_t before = acknowledged_.count();
    const auto until = std::chrono::steady_clock::now() + patience;
    while (acknowledged_.count() == before) {
      ASSERT_TRUE(service_->running()) << "it has ended by itself";
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "nothing is acknowledged any more";
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  // One of the server's processes: mostly a session of the service's. Empty: there was none.
  std::string kill_backend(std::mt19937_64& dice) const {
    const bool any = dice() % 4 == 0;
    const auto until = std::chrono::steady_clock::now() + patience;
    std::string killed;
    while (killed.empty() && std::chrono::steady_clock::now() < until) {
      killed = kill_backend_if_there(any, dice());
    }
    return killed;
  }
  std::string kill_backend_if_there(bool any, std::uint64_t number) const {
    auto connection = postgres::Connection::open_within({.url = server_->url()}, patience);
    if (!connection) return "";
    const auto rows =
        (*connection)
            ->run(std::string("SELECT pid, backend_type FROM pg_stat_activity WHERE pid <> "
                              "pg_backend_pid() AND backend_type ") +
                  (any ? "IN ('walwriter', 'checkpointer', 'background writer')"
                       : "= 'client backend'") +
                  " ORDER BY pid");
    if (!rows || rows->empty()) return "";
    const std::size_t which = number % rows->size();
    if (::kill(static_cast<pid_t>(rows->integer(which, 0)), SIGKILL) != 0) return "";
    return std::string(rows->text(which, 1));
  }

  const std::uint64_t seed_ = testkit::seed(5);
  std::unique_ptr<Server> server_;
  Acknowledged acknowledged_;
  std::optional<Service> service_;
};

/// What was killed, and how far the log had come by then.
class Landings {
 public:
  void add(const std::string& what, std::uint64_t at) { landings_[what].push_back(at); }
  void print(std::uint64_t end) const {
    std::printf("kills by tenths of the %llu appends acknowledged in the end:\n",
                static_cast<unsigned long long>(end));
    for (const auto& [what, places] : landings_) {
      std::array<std::uint64_t, 10> tenths{};
      for (const std::uint64_t at : places) ++tenths[std::min<std::uint64_t>(9, at * 10 / end)];
      std::printf("%20s %4zu:", what.c_str(), places.size());
      for (const std::uint64_t count : tenths) {
        std::printf(" %3llu", static_cast<unsigned long long>(count));
      }
      std::printf("\n");
    }
  }

 private:
  std::map<std::string, std::vector<std::uint64_t>> landings_;
};

TEST_F(PostgresServiceKills, AtRandomMomentsNothingAcknowledgedIsLostAndNothingIsAppliedTwice) {
  const int kills = soak() ? 200 : 9;
  std::mt19937_64 dice(seed_);
  Landings landings;
  start_service();
  ASSERT_NO_FATAL_FAILURE(await_work());
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % 250'000));
    const std::uint64_t at = acknowledged_.count();
    switch (i % 3) {  // Each kind as often; when, is random.
      case 0: {
        const std::string what = kill_backend(dice);
        ASSERT_NE(what, "");
        landings.add(what, at);
        break;
      }
      case 1:
        server_->kill();
        landings.add("server", at);
        std::this_thread::sleep_for(std::chrono::microseconds(dice() % 100'000));
        ASSERT_TRUE(server_->start_again());
        break;
      default:
        service_->kill();
        landings.add("service", at);
        start_service();
    }
    ASSERT_NO_FATAL_FAILURE(await_work()) << "kill " << i;
  }
  ASSERT_EQ(service_->finish(), 0);
  landings.print(acknowledged_.count());

  const auto store = open_postgres_event_store({.url = server_->url()});
  ASSERT_TRUE(store) << to_string(store.error());
  const auto numbers = expect_kept(**store, acknowledged_);
  EXPECT_EQ(numbers.size(), acknowledged_.count()) << "it has waited for each answer in the end";
  for (const std::string& url : {server_->url(), server_->url("models")}) {
    const auto rows = open_postgres_read_models({.url = url});
    ASSERT_TRUE(rows) << to_string(rows.error());
    expect_counted_once(**rows, seed_, numbers);
  }
}

TEST_F(PostgresServiceKills, ARebuildThatIsKilledGoesOnInItsShadowSchemaWhileTheOldTablesServe) {
  const int kills = soak() ? 40 : 4;
  const auto store = open_postgres_event_store({.url = server_->url()});
  ASSERT_TRUE(store) << to_string(store.error());
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0; number < 12'000;) {
    AppendRequest request;
    for (int i = 0; i < 1'000; ++i, ++number) {
      request.events.push_back(request_of(seed_, number).events.front());
      numbers.push_back(number);
    }
    for (int i = 0; i < 16; ++i) {
      request.checks.push_back({"warehouse-" + std::to_string(i), ExpectedVersion::any()});
    }
    ASSERT_TRUE((*store)->append(std::move(request)));
  }
  const auto rows = open_postgres_read_models({.url = server_->url("models")});
  ASSERT_TRUE(rows) << to_string(rows.error());
  {
    ProjectionRunner runner(**store, **rows);
    ASSERT_TRUE((runner.add<Stock, Tally>()));
    expect_reached(runner, "stock", (*store)->head().position);
    expect_reached(runner, "tally", (*store)->head().position);
  }

  std::mt19937_64 dice(seed_);
  std::atomic<int> begun = 0;
  std::atomic<int> resumed = 0;
  std::atomic<int> rebuilt = 0;
  const auto start_rebuilding = [&] {
    service_.emplace(std::vector<std::string>{server_->url(), "rebuild", server_->url("models")},
                     [&](const std::string& line) {
                       ++(line == "begun" ? begun : line == "resumed" ? resumed : rebuilt);
                     });
  };
  for (int i = 0; i < kills; ++i) {
    const int before = begun + resumed;
    start_rebuilding();
    while (begun + resumed == before && service_->running()) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % 30'000));
    service_->kill();
    expect_counted_once(**rows, seed_, numbers);
  }
  std::printf("%d rebuilds begun, %d gone on with, %d done before they were killed\n", begun.load(),
              resumed.load(), rebuilt.load());
  EXPECT_GT(resumed, 0);
  const int done = rebuilt;
  start_rebuilding();
  ASSERT_EQ(service_->finish(), 0);
  EXPECT_EQ(rebuilt, done + 1);
  expect_counted_once(**rows, seed_, numbers);
}

}  // namespace
}  // namespace annals::warehouse
