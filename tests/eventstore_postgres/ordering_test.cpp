// P3 where peers fall into the trap: a number is given out before its transaction commits, so a
// reader that is past 42 never sees 41.

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include <annals/postgres/transaction.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

#include "open_store.hpp"
#include "postgres/database.hpp"
#include "slow_writer.hpp"

namespace annals {

using std::chrono::milliseconds;
using testkit::append_of;
using testkit::event_on;

// What any program may do to the others for a time: 32 writers that pause before they commit, hang
// and roll back, a transaction of another database that is open all the time, and 8 readers at the
// tail.
class OrderingTrap : public testing::Test {
 protected:
  static constexpr std::size_t writers = 32;
  static constexpr std::size_t readers = 8;

  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    schema_.emplace();
    other_database_.emplace();
    foreigner_ = connect(other_database_->url());
    foreign_ = *postgres::Transaction::begin(*foreigner_,
                                             postgres::Transaction::Isolation::repeatable_read);
    ASSERT_TRUE(foreign_->run("SELECT txid_current()"));
  }
  void TearDown() override {
    if (!foreign_) return;
    EXPECT_TRUE(foreign_->commit());
  }

  /// Whether a writer goes on after so many transactions: for a time, and on a machine that is busy
  /// with other things for longer.
  bool goes_on(int transactions) const {
    return transactions < 20 || std::chrono::steady_clock::now() < until_;
  }

  const std::uint64_t seed_ = testkit::seed(42);
  const bool soak_ = std::getenv("ANNALS_SOAK") != nullptr;
  const milliseconds hang_max_{soak_ ? 3'000 : 300};
  const std::chrono::steady_clock::time_point until_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(soak_ ? 120 : 2);
  std::optional<postgres_test::Schema> schema_;
  std::optional<postgres_test::Database> other_database_;
  std::unique_ptr<postgres::Connection> foreigner_;
  std::unique_ptr<postgres::Transaction> foreign_;
  std::atomic<std::size_t> still_writing_ = writers;
};

// The trap itself, so that it is known that this test can see it: an identity column, no lock.
TEST_F(OrderingTrap, NaiveReadersOfANaiveTableMissWhatCommitsLate) {
  const std::string table = schema_->name() + ".naive";
  const auto owner = connect(schema_->url());
  ASSERT_TRUE(owner->run_script("CREATE SCHEMA " + schema_->name() + "; CREATE TABLE " + table +
                                " (position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)"));
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      const auto connection = connect(schema_->url());
      std::mt19937_64 dice(seed_ + w);
      for (int done = 0; goes_on(done); ++done) {
        const Ending ending = any_ending(dice, hang_max_);
        auto transaction = postgres::Transaction::begin(*connection);
        ASSERT_TRUE((*transaction)->run("INSERT INTO " + table + " DEFAULT VALUES"));
        std::this_thread::sleep_for(ending.pause);
        if (!ending.commits) continue;
        ASSERT_TRUE((*transaction)->commit());
      }
      --still_writing_;
    });
  }
  std::vector<Seen> seen(readers);
  for (Seen& one : seen) {
    threads.emplace_back([&] {
      const auto connection = connect(schema_->url());
      for (bool last = false; !last;) {
        last = still_writing_ == 0;
        const auto rows = connection->run("SELECT position FROM " + table + " WHERE position > " +
                                          std::to_string(one.last()) + " ORDER BY position");
        ASSERT_TRUE(rows) << rows.error().message;
        for (std::size_t i = 0; i < rows->size(); ++i) {
          one.see(static_cast<std::uint64_t>(rows->integer(i, 0)));
        }
        std::this_thread::sleep_for(milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto there = owner->run("SELECT count(*) FROM " + table);
  ASSERT_TRUE(there);
  std::printf("%lld rows; the readers missed", static_cast<long long>(there->integer(0, 0)));
  for (const Seen& one : seen) {
    const std::int64_t missed = there->integer(0, 0) - static_cast<std::int64_t>(one.count());
    std::printf(" %lld", static_cast<long long>(missed));
    EXPECT_GT(missed, 0);
  }
  std::printf("\n");
}

// 4 stores as 4 processes would have them, each with a writer of its own; the others call append()
// in transactions of their own.
TEST_F(OrderingTrap, EveryReaderSeesEveryEventOnceInOrderWithoutStalling) {
  const PostgresOptions options{.url = schema_->url(), .schema = schema_->name()};
  std::vector<std::unique_ptr<EventStore>> stores;
  for (int i = 0; i < 4; ++i) stores.push_back(open_store(options));
  for (const auto& store : stores) ASSERT_NE(store, nullptr);
  std::atomic<std::uint64_t> written = 0;
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < writers; ++w) {
    threads.emplace_back([&, w] {
      std::mt19937_64 dice(seed_ + w);
      if (w < stores.size()) {
        const std::string stream = "a-" + std::to_string(w);
        for (int done = 0; goes_on(done); ++done) {
          const auto receipt = stores[w]->append(append_of({event_on(stream), event_on("b-1")}));
          ASSERT_TRUE(receipt) << to_string(receipt.error());
          written += 2;
          std::this_thread::sleep_for(any_ending(dice, hang_max_).pause);
        }
      } else {
        SlowWriter writer(schema_->url(), schema_->name());
        for (int done = 0; goes_on(done); ++done) {
          if (writer.append("slow-" + std::to_string(w), any_ending(dice, hang_max_))) written += 2;
        }
      }
      --still_writing_;
    });
  }
  std::vector<Seen> seen(readers);
  std::atomic<int> late = 0;
  for (std::size_t r = 0; r < readers; ++r) {
    threads.emplace_back([&, r] {
      const auto subscription = *stores[r % stores.size()]->subscribe({.batch_events = 5});
      // Several times as long as writers that hang one after the other hold it up.
      constexpr int empty_max = 60;
      for (int empty = 0; still_writing_ > 0 || seen[r].last() < written;) {
        const auto batch = subscription->next(milliseconds(1'000));
        empty = batch && !batch->events.empty() ? 0 : empty + 1;
        if (!batch || empty > empty_max) {
          ++late;
          return;
        }
        for (const RecordedEvent& event : batch->events) seen[r].see(event.position.value);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%llu events, by each of %zu readers\n",
              static_cast<unsigned long long>(written.load()), readers);
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
  SlowWriter writer(schema.url(), schema.name());
  for (std::uint64_t head = 0; head < 6;) {
    ASSERT_TRUE(writer.append("silent-1", {}));
    const auto batch = subscription->next(std::chrono::seconds(20));
    ASSERT_TRUE(batch);
    head += 2;
    EXPECT_EQ(batch->complete_up_to.value, head);
  }
}

}  // namespace annals
