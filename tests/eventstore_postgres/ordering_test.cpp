// P3 where peers fall into the trap: a number is given out before its transaction commits, so a
// reader that is past 42 never sees 41.

#include <atomic>
#include <random>
#include <thread>

#include <annals/postgres/transaction.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

#include "append_call.hpp"
#include "open_store.hpp"
#include "postgres/database.hpp"

namespace annals {

namespace {

using std::chrono::milliseconds;
using testkit::append_of;
using testkit::event_on;

/// What one reader has seen, of numbers that should be 1, 2, 3, …
class Seen {
 public:
  void see(std::uint64_t number) {
    if (number != last_ + 1) ++wrong_;
    last_ = std::max(last_, number);
    ++count_;
  }
  std::uint64_t last() const { return last_; }
  std::uint64_t count() const { return count_; }
  int wrong() const { return wrong_; }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t count_ = 0;
  int wrong_ = 0;
};

std::unique_ptr<postgres::Connection> connect(const std::string& url) {
  auto connection = postgres::Connection::open({.url = url});
  EXPECT_TRUE(connection) << connection.error().message;
  return connection ? *std::move(connection) : nullptr;
}

// Appends in a transaction of its own that pauses before it ends, sometimes by rolling back: what
// any other program may do with append().
class SlowWriter {
 public:
  SlowWriter(const postgres_test::Schema& schema, std::uint64_t seed)
      : schema_(*internal::SchemaName::of(schema.name())),
        connection_(connect(schema.url())),
        dice_(seed) {}

  bool append(const std::string& stream) {
    auto prepared = internal::prepare(append_of({event_on(stream), event_on(stream)}), {}, hasher_);
    EXPECT_TRUE(prepared);
    internal::Attempt attempt;
    attempt.append = *std::move(prepared);
    attempt.append.begun = INT64_MAX;
    internal::AppendCall call;
    call.add(attempt);
    auto transaction = postgres::Transaction::begin(*connection_);
    EXPECT_TRUE(transaction);
    auto rows = (*transaction)
                    ->run(internal::AppendCall::sql(schema_),
                          call.parameters({.max_clock_skew = std::chrono::hours(1)}));
    EXPECT_TRUE(rows) << rows.error().message;
    std::this_thread::sleep_for(std::chrono::microseconds(dice_() % 8'000));
    if (dice_() % 3 == 0) return false;
    return static_cast<bool>((*transaction)->commit());
  }

 private:
  const internal::SchemaName schema_;
  const internal::KeyHasher hasher_{StoreId{}};
  std::unique_ptr<postgres::Connection> connection_;
  std::mt19937_64 dice_;
};

}  // namespace

// The trap itself, so that it is known that this test can see it: an identity column, no lock.
TEST(PostgresOrdering, ANaiveReaderOfANaiveTableMissesWhatCommitsLate) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database database;
  const auto one = connect(database.url());
  const auto two = connect(database.url());
  const auto reader = connect(database.url());
  ASSERT_TRUE(one->run("CREATE TABLE naive (position bigint GENERATED ALWAYS AS IDENTITY, d int)"));
  Seen seen;
  const auto read = [&] {
    const auto rows = reader->run("SELECT position FROM naive WHERE position > " +
                                  std::to_string(seen.last()) + " ORDER BY position");
    ASSERT_TRUE(rows);
    for (std::size_t i = 0; i < rows->size(); ++i) {
      seen.see(static_cast<std::uint64_t>(rows->integer(i, 0)));
    }
  };
  auto slow = postgres::Transaction::begin(*one);
  ASSERT_TRUE((*slow)->run("INSERT INTO naive (d) VALUES (1)"));
  ASSERT_TRUE(two->run("INSERT INTO naive (d) VALUES (2)"));
  read();
  ASSERT_TRUE((*slow)->commit());
  read();
  EXPECT_EQ(seen.wrong(), 1);
  EXPECT_EQ(seen.count(), 1U) << "two rows are there, and the reader will never see the first";
}

// Three stores as three processes would have them, two writers that pause inside their transactions
// and roll back, a foreign transaction that is open all the time, and three readers at the tail.
TEST(PostgresOrdering, EveryReaderSeesEveryEventOnceInOrderWithoutStalling) {
  ANNALS_NEEDS_POSTGRES();
  const std::uint64_t seed = testkit::seed(42);
  const std::uint64_t appends = std::getenv("ANNALS_SOAK") != nullptr ? 5'000 : 120;
  const postgres_test::Schema schema;
  const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  std::vector<std::unique_ptr<EventStore>> stores;
  for (int i = 0; i < 3; ++i) stores.push_back(open_store(options));
  for (const auto& store : stores) ASSERT_NE(store, nullptr);

  const auto foreigner = connect(schema.url());
  auto foreign =
      postgres::Transaction::begin(*foreigner, postgres::Transaction::Isolation::repeatable_read);
  ASSERT_TRUE((*foreign)->run("SELECT txid_current()"));

  std::atomic<std::uint64_t> written = 0;
  std::atomic<int> writing = 5;
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < 3; ++w) {
    threads.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < appends; ++i) {
        const std::string stream = "a-" + std::to_string(w);
        if (stores[w]->append(append_of({event_on(stream), event_on("b-1")}))) written += 2;
      }
      --writing;
    });
  }
  for (std::uint64_t w = 0; w < 2; ++w) {
    threads.emplace_back([&, w] {
      SlowWriter writer(schema, seed + w);
      for (std::uint64_t i = 0; i < appends / 3; ++i) {
        if (writer.append("slow-" + std::to_string(w))) written += 2;
      }
      --writing;
    });
  }
  std::vector<Seen> seen(3);
  std::atomic<int> late = 0;
  for (std::size_t r = 0; r < 3; ++r) {
    threads.emplace_back([&, r] {
      const auto subscription = *stores[r]->subscribe({.batch_events = 5});
      while (writing > 0 || seen[r].last() < written) {
        const auto batch = subscription->next(milliseconds(10'000));
        if (!batch || (batch->events.empty() && writing > 0)) {
          ++late;
          return;
        }
        for (const RecordedEvent& event : batch->events) seen[r].see(event.position.value);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE((*foreign)->commit());

  EXPECT_EQ(late, 0);
  for (const Seen& one : seen) {
    EXPECT_EQ(one.wrong(), 0);
    EXPECT_EQ(one.count(), written);
  }
  EXPECT_EQ(stores[0]->head().position.value, written);
  EXPECT_EQ(stores[0]->verify({})->outcome, VerifyReport::Outcome::whole);
}

TEST(PostgresOrdering, AnAppendOfAnotherProcessWakesByNotification) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const PostgresOptions options{
      .url = schema.url(), .schema = schema.name(), .poll_interval = std::chrono::hours(1)};
  const auto writer = open_store(options);
  const auto reader = open_store(options);
  ASSERT_TRUE(writer && reader);
  const auto subscription = *reader->subscribe({});
  std::atomic<std::uint64_t> done = 0;
  constexpr std::uint64_t rounds = 20;
  std::thread tail([&] {
    while (done < rounds) {
      const auto batch = subscription->next(std::chrono::seconds(20));
      if (!batch || batch->events.empty()) break;
      done = batch->complete_up_to.value;
      done.notify_one();
    }
    done = rounds;
    done.notify_one();
  });
  const auto before = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < rounds; ++i) {
    ASSERT_TRUE(writer->append(append_of({event_on("a-1")})));
    done.wait(i);
  }
  tail.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

TEST(PostgresOrdering, WhereNotificationsAreLostPollingFindsWhatIsNew) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto reader =
      open_store({.url = schema.url(), .schema = schema.name(), .poll_interval = milliseconds(20)});
  ASSERT_TRUE(reader);
  const auto subscription = *reader->subscribe({});
  // Writes as a program would that tells nobody.
  SlowWriter writer(schema, 1);
  for (std::uint64_t head = 0; head < 6;) {
    if (!writer.append("silent-1")) continue;
    const auto batch = subscription->next(std::chrono::seconds(20));
    ASSERT_TRUE(batch);
    head += 2;
    EXPECT_EQ(batch->complete_up_to.value, head);
  }
}

}  // namespace annals
