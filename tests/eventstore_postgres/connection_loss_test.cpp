// P1, P4 and P5 when sessions, networks and the server fail. The oracle stands outside: it knows
// what was answered, and looks at the store in the end.

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <annals/postgres/connection.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

#include "open_store.hpp"
#include "postgres/cutting_proxy.hpp"
#include "postgres/database.hpp"
#include "postgres/server.hpp"

namespace annals {

namespace {

using postgres_test::CuttingProxy;
using std::chrono::milliseconds;
using testkit::append_of;
using testkit::event_on;

bool soak() { return std::getenv("ANNALS_SOAK") != nullptr; }

/// What was answered to each append of one writer, by its id.
struct Answers {
  std::map<std::string, GlobalPosition> written;  // Acknowledged, or found by its id.
  std::vector<std::string> refused;               // "Nothing was written."
  int unknown = 0;                                // Answers lost, and settled then.
  int wrong = 0;                                  // What may never be answered.
};

// Appends `count` times under names of its own, and settles what it is not told.
Answers write(EventStore& store, const std::string& writer, int count) {
  Answers answers;
  for (int i = 0; i < count; ++i) {
    const std::string name = writer + "/" + std::to_string(i);
    AppendRequest request = append_of({event_on("a-" + writer), event_on("b-1")});
    request.events[0].data = "{\"name\":\"" + name + "\"}";
    request.id = append_id_of(name);
    const auto receipt = store.append(std::move(request));
    if (receipt) {
      answers.written.emplace(name, receipt->first_position);
      continue;
    }
    if (receipt.error().code == ErrorCode::unavailable ||
        receipt.error().code == ErrorCode::timeout) {
      answers.refused.push_back(name);
      continue;
    }
    if (receipt.error().code != ErrorCode::outcome_unknown) {
      ++answers.wrong;
      ADD_FAILURE() << to_string(receipt.error());
      continue;
    }
    ++answers.unknown;
    for (int tries = 0;; ++tries) {
      const auto found = store.find_append(append_id_of(name));
      if (found) {
        if (*found) {
          answers.written.emplace(name, (*found)->first_position);
        } else {
          answers.refused.push_back(name);
        }
        break;
      }
      if (tries > 300) {
        ++answers.wrong;
        break;
      }
      std::this_thread::sleep_for(milliseconds(50));
    }
  }
  return answers;
}

// What was acknowledged is there, once, at its place; what was refused is not.
void expect_truth(EventStore& store, const std::vector<Answers>& all) {
  const auto events = read_all(store, {.query = Query::category("a")});
  ASSERT_TRUE(events) << to_string(events.error());
  std::map<std::string, std::vector<GlobalPosition>> there;
  for (const RecordedEvent& event : *events) {
    const std::string_view data = event.data;
    there[std::string(data.substr(9, data.size() - 11))].push_back(event.position);
  }
  std::size_t written = 0;
  for (const Answers& answers : all) {
    EXPECT_EQ(answers.wrong, 0);
    written += answers.written.size();
    for (const auto& [name, position] : answers.written) {
      ASSERT_EQ(there[name].size(), 1U) << name << " was acknowledged";
      EXPECT_EQ(there[name].front(), position);
    }
    for (const std::string& name : answers.refused) {
      EXPECT_EQ(there.count(name), 0U) << name << " was refused";
    }
  }
  std::erase_if(there, [](const auto& entry) { return entry.second.empty(); });
  EXPECT_EQ(there.size(), written);
  EXPECT_EQ(store.head().position.value, 2 * written);
  const auto report = store.verify({});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->outcome, VerifyReport::Outcome::whole);
}

}  // namespace

TEST(PostgresConnectionLoss, AKilledSessionLosesAndDoublesNothing) {
  ANNALS_NEEDS_POSTGRES();
  const std::uint64_t seed = testkit::seed(7);
  const int kills = soak() ? 500 : 25;
  const postgres_test::Schema schema;
  const PostgresOptions options{
      .url = schema.url(), .schema = schema.name(), .application_name = schema.name()};
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  std::atomic<bool> killing = true;
  std::atomic<int> killed = 0;
  std::vector<Answers> answers(4);
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < answers.size(); ++w) {
    threads.emplace_back([&, w] {
      for (int round = 0; killing; ++round) {
        Answers more = write(*store, std::to_string(w) + "-" + std::to_string(round), 5);
        answers[w].written.merge(more.written);
        answers[w].refused.insert(answers[w].refused.end(), more.refused.begin(),
                                  more.refused.end());
        answers[w].unknown += more.unknown;
        answers[w].wrong += more.wrong;
      }
    });
  }
  {
    auto killer = postgres::Connection::open({.url = schema.url()});
    ASSERT_TRUE(killer);
    std::mt19937_64 dice(seed);
    while (killed < kills) {
      std::this_thread::sleep_for(std::chrono::microseconds(dice() % 20'000));
      const auto rows = (*killer)->run(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" +
          schema.name() + "' ORDER BY random() LIMIT 1");
      ASSERT_TRUE(rows);
      if (!rows->empty()) ++killed;
    }
  }
  killing = false;
  for (std::thread& thread : threads) thread.join();
  expect_truth(*store, answers);
}

// With so many in flight the next group is formed, and sent, before the last one is settled.
TEST(PostgresConnectionLoss, AppendsInFlightBehindAKilledSessionAreNeitherLostNorDoubled) {
  ANNALS_NEEDS_POSTGRES();
  const std::uint64_t seed = testkit::seed(11);
  const int kills = soak() ? 300 : 5;
  const postgres_test::Schema schema;
  const auto store =
      open_store({.url = schema.url(), .schema = schema.name(), .application_name = schema.name()});
  ASSERT_TRUE(store);
  std::atomic<bool> killing = true;
  std::mutex mutex;
  std::vector<Answers> answers(1);  // Guarded by mutex, as all of these.
  std::vector<std::string> unknown;
  GlobalPosition last;
  int answered = 0;
  std::condition_variable answered_one;
  int sent = 0;  // The writer's until it has ended.
  std::thread writer([&] {
    for (; killing; ++sent) {
      const std::string name = "flight/" + std::to_string(sent);
      AppendRequest request =
          append_of({event_on("a-" + std::to_string(sent % 100)), event_on("b-1")});
      request.events[0].data = "{\"name\":\"" + name + "\"}";
      request.id = append_id_of(name);
      store->append_async(std::move(request), [&, name](Result<Receipt> receipt) {
        const std::lock_guard lock(mutex);
        ++answered;
        answered_one.notify_one();
        if (receipt) {
          answers[0].written.emplace(name, receipt->first_position);
          EXPECT_LT(last, receipt->first_position) << "completions come in the order of appends";
          last = receipt->last_position;
        } else if (receipt.error().code == ErrorCode::unavailable) {
          answers[0].refused.push_back(name);
        } else if (receipt.error().code == ErrorCode::outcome_unknown) {
          unknown.push_back(name);
        } else {
          ++answers[0].wrong;
          ADD_FAILURE() << to_string(receipt.error());
        }
      });
    }
  });
  auto killer = postgres::Connection::open({.url = schema.url()});
  ASSERT_TRUE(killer);
  std::mt19937_64 dice(seed);
  for (int killed = 0; killed < kills;) {
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % 50'000));
    const auto rows = (*killer)->run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" +
        schema.name() + "' AND query LIKE '%append(%' AND state = 'active' LIMIT 1");
    ASSERT_TRUE(rows);
    if (!rows->empty()) ++killed;
  }
  killing = false;
  writer.join();
  {
    std::unique_lock lock(mutex);
    answered_one.wait(lock, [&] { return answered == sent; });
  }
  for (const std::string& name : unknown) {
    const auto found = store->find_append(append_id_of(name));
    ASSERT_TRUE(found) << to_string(found.error());
    if (*found) answers[0].written.emplace(name, (*found)->first_position);
    if (!*found) answers[0].refused.push_back(name);
  }
  EXPECT_FALSE(answers[0].refused.empty()) << "nothing was in flight when sessions were killed";
  expect_truth(*store, answers);
}

TEST(PostgresConnectionLoss, AKilledServerLosesAndDoublesNothing) {
  ANNALS_NEEDS_POSTGRES();
  auto started = postgres_test::Server::start();
  if (auto* missing = std::get_if<postgres_test::Server::Missing>(&started)) {
    GTEST_SKIP() << "SKIPPED: needs a server of its own, but " << missing->why;
  }
  const auto& server = std::get<std::unique_ptr<postgres_test::Server>>(started);
  std::mt19937_64 dice(testkit::seed(11));
  const int kills = soak() ? 60 : 4;
  std::vector<Answers> answers;
  const PostgresOptions options{.url = server->url(), .patience = std::chrono::seconds(20)};
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  for (int kill = 0; kill < kills; ++kill) {
    std::vector<std::thread> threads;
    const std::size_t first = answers.size();
    answers.resize(first + 3);
    for (std::size_t w = 0; w < 3; ++w) {
      threads.emplace_back([&, w] {
        answers[first + w] = write(*store, std::to_string(kill) + "-" + std::to_string(w), 40);
      });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % 80'000));
    if (kill % 2 == 0) {
      server->kill();
    } else {
      server->stop();
    }
    std::this_thread::sleep_for(milliseconds(30));
    ASSERT_TRUE(server->start_again());
    for (std::thread& thread : threads) thread.join();
  }
  expect_truth(*store, answers);
  const auto again = open_store(options);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->head(), store->head());
}

int port_of(const postgres_test::Schema& schema) {
  const std::string url = schema.url();
  return std::atoi(url.c_str() + url.rfind(':') + 1);
}

// As the schema's, but its sessions pass the proxy.
std::string url_through(const CuttingProxy& proxy, const postgres_test::Schema& schema) {
  const std::string url = schema.url();
  return "postgres://annals@127.0.0.1:" + std::to_string(proxy.port()) +
         url.substr(url.find('/', url.rfind(':')));
}

// A proxy cuts the session right after the call that commits was sent: done or not, the store finds
// out by itself.
TEST(PostgresConnectionLoss, AnAnswerThatIsLostIsSettledByItsId) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto direct = open_store({.url = schema.url(), .schema = schema.name()});
  ASSERT_TRUE(direct);
  CuttingProxy proxy(port_of(schema));
  const auto store = open_store({.url = url_through(proxy, schema), .schema = schema.name()});
  ASSERT_TRUE(store);
  const auto append = [&](const std::string& stream) {
    AppendRequest request = append_of({event_on(stream, "cut_here"), event_on("b-1")});
    request.id = append_id_of(stream);
    return store->append(std::move(request));
  };
  ASSERT_TRUE(append("warm-1"));

  std::uint64_t expected = 2;
  const int rounds = soak() ? 200 : 10;
  for (int round = 0; round < rounds; ++round) {
    const std::string arrived = "arrived-" + std::to_string(round);
    proxy.cut_at("cut_here", CuttingProxy::Cut::after_it_was_done);
    const auto saved = append(arrived);
    ASSERT_TRUE(saved) << to_string(saved.error());
    EXPECT_FALSE(saved->repeated);
    EXPECT_EQ(saved->first_position.value, expected + 1);
    EXPECT_EQ(saved->version_of(arrived), StreamVersion{0});
    EXPECT_EQ(saved->link, *direct->link_at(saved->last_position));
    expected += 2;

    const std::string lost = "lost-" + std::to_string(round);
    proxy.cut_at("cut_here", CuttingProxy::Cut::before_it_arrives);
    const auto refused = append(lost);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable) << to_string(refused.error());
    EXPECT_EQ(direct->head().position.value, expected);
    ASSERT_TRUE(append(lost)) << "a retry works";
    expected += 2;

    // Done or given up, whichever is first: what is said is so.
    const std::string either = "either-" + std::to_string(round);
    proxy.cut_at("cut_here", CuttingProxy::Cut::while_it_is_done);
    const auto settled = append(either);
    if (settled) {
      EXPECT_EQ(direct->stream_version(either)->value(), StreamVersion{0});
      expected += 2;
    } else {
      EXPECT_EQ(settled.error().code, ErrorCode::unavailable) << to_string(settled.error());
      EXPECT_FALSE(direct->stream_version(either)->has_value());
    }
  }
  EXPECT_EQ(proxy.cuts(), 3 * rounds);
  EXPECT_EQ(direct->head().position.value, expected);
  EXPECT_EQ(direct->verify({})->outcome, VerifyReport::Outcome::whole);
}

// The worst of networks: the client is told that nothing was written, and then its old message
// arrives.
TEST(PostgresConnectionLoss, WhatWasGivenUpIsRefusedWhenItArrivesLate) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto direct = open_store({.url = schema.url(), .schema = schema.name()});
  ASSERT_TRUE(direct);
  CuttingProxy proxy(port_of(schema));
  const auto store = open_store({.url = url_through(proxy, schema), .schema = schema.name()});
  ASSERT_TRUE(store);
  AppendRequest request = append_of({event_on("a-1", "cut_here")});
  request.id = append_id_of("late");
  proxy.cut_at("cut_here", CuttingProxy::Cut::late);
  const auto refused = store->append(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable) << to_string(refused.error());
  // Another process is told the same, and goes on.
  EXPECT_FALSE(direct->find_append(append_id_of("late"))->has_value());
  proxy.let_go();
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(direct->head().position.value, 0U) << "nobody answers for this append any more";
  EXPECT_FALSE(direct->find_append(append_id_of("late"))->has_value());
  // A store that has heard nothing since takes the first new try for an old one, and says so.
  auto again = store->append(request);
  if (!again) {
    EXPECT_EQ(again.error().code, ErrorCode::unavailable);
    again = store->append(request);
  }
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_FALSE(again->repeated);
  EXPECT_EQ(proxy.cuts(), 1);
}

TEST(PostgresConnectionLoss, WithoutAServerCallsAreUnavailableAndALaterOneWorks) {
  ANNALS_NEEDS_POSTGRES();
  auto started = postgres_test::Server::start();
  if (auto* missing = std::get_if<postgres_test::Server::Missing>(&started)) {
    GTEST_SKIP() << "SKIPPED: needs a server of its own, but " << missing->why;
  }
  const auto& server = std::get<std::unique_ptr<postgres_test::Server>>(started);
  const auto store = open_store({.url = server->url(), .patience = milliseconds(50)});
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->append(append_of({event_on("a-1")})));
  const Head head = store->head();
  const auto subscription = *store->subscribe({});
  ASSERT_EQ(subscription->next(milliseconds(0))->events.size(), 1U);
  server->stop();
  const auto code = [](const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::corrupt : result.error().code;
  };
  // The answer to the first may be lost, and nobody can be asked.
  const ErrorCode first = code(store->append(append_of({event_on("a-1")})));
  EXPECT_TRUE(first == ErrorCode::outcome_unknown || first == ErrorCode::unavailable);
  EXPECT_EQ(code(store->append(append_of({event_on("a-1")}))), ErrorCode::unavailable);
  EXPECT_EQ(code(store->read({})), ErrorCode::unavailable);
  EXPECT_EQ(code(store->find_append(append_id_of("x"))), ErrorCode::unavailable);
  EXPECT_EQ(code(subscription->next(milliseconds(1))), ErrorCode::unavailable);
  EXPECT_EQ(store->head(), head) << "as it was last seen";
  EXPECT_FALSE(store->stats().failure.empty());
  ASSERT_TRUE(server->start_again());
  ASSERT_TRUE(store->append(append_of({event_on("a-1")})));
  const auto batch = subscription->next(std::chrono::seconds(20));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->events.size(), 1U);
}

TEST(PostgresConnectionLoss, AStatementThatTakesTooLongIsATimeout) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  // To make the schema may take as long as it takes.
  ASSERT_TRUE(open_store({.url = schema.url(), .schema = schema.name()}));
  const auto store = open_store(
      {.url = schema.url(), .schema = schema.name(), .statement_timeout = milliseconds(1'000)});
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->append(append_of({event_on("a-1")})));
  auto holder = postgres::Connection::open({.url = schema.url()});
  const auto locks = (*holder)->run(
      "SELECT classid::bigint, objid::bigint FROM pg_locks WHERE locktype = 'advisory' LIMIT 0");
  ASSERT_TRUE(locks);
  // Whoever keeps others from adding rows keeps appends waiting.
  ASSERT_TRUE((*holder)->run_script("BEGIN; LOCK TABLE " + schema.name() + ".appends"));
  const auto late = store->append(append_of({event_on("a-1")}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout) << to_string(late.error());
  ASSERT_TRUE((*holder)->run_script("ROLLBACK"));
  ASSERT_TRUE(store->append(append_of({event_on("a-1")})));
  EXPECT_EQ(store->head().position.value, 2U);
}

}  // namespace annals
