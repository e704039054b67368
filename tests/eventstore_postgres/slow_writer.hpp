#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <annals/postgres/transaction.hpp>
#include <annals/testkit/requests.hpp>

#include "append_call.hpp"

namespace annals {

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

inline std::unique_ptr<postgres::Connection> connect(const std::string& url) {
  auto connection = postgres::Connection::open({.url = url});
  EXPECT_TRUE(connection) << connection.error().message;
  return connection ? *std::move(connection) : nullptr;
}

/// How long a transaction pauses before its end, and how it ends.
struct Ending {
  std::chrono::microseconds pause{0};
  bool commits = true;
};

/// Mostly some milliseconds; one in a hundred hangs for up to `hang_max`; a third roll back.
inline Ending any_ending(std::mt19937_64& dice, std::chrono::milliseconds hang_max) {
  Ending ending{std::chrono::microseconds(dice() % 8'000), dice() % 3 != 0};
  if (dice() % 100 == 0) {
    ending.pause = std::chrono::milliseconds(dice() % static_cast<unsigned>(hang_max.count() + 1));
  }
  return ending;
}

/// Appends in a transaction of its own that pauses before it ends: what any other program may do
/// with append().
class SlowWriter {
 public:
  SlowWriter(const std::string& url, const std::string& schema)
      : schema_(*internal::SchemaName::of(schema)), connection_(connect(url)) {}

  /// Two events. Returns whether they were committed.
  bool append(const std::string& stream, const Ending& ending) {
    auto prepared = internal::prepare(
        testkit::append_of({testkit::event_on(stream), testkit::event_on(stream)}), {}, hasher_);
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
    std::this_thread::sleep_for(ending.pause);
    return ending.commits && (*transaction)->commit();
  }

 private:
  const internal::SchemaName schema_;
  const internal::KeyHasher hasher_{StoreId{}};
  std::unique_ptr<postgres::Connection> connection_;
};

}  // namespace annals
