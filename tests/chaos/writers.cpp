#include "writers.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <annals/codec/json.hpp>

#include "ledger.hpp"

namespace annals::chaos {

namespace {

constexpr std::uint64_t writers = 3;
constexpr std::uint64_t accounts_each = 40;

}  // namespace

Writers::Writers(EventStore& store, std::uint64_t seed) : store_(store) {
  for (std::uint64_t writer = 0; writer < writers; ++writer) {
    threads_.emplace_back([this, writer, seed] { write(writer, seed); });
  }
}

void Writers::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Writers::write(std::uint64_t writer, std::uint64_t seed) {
  std::mt19937_64 random(seed + writer);
  const auto stream_of = [&](std::uint64_t account) {
    return "account-" + std::to_string(writer * accounts_each + account);
  };
  std::vector<std::int64_t> bookings(accounts_each);
  for (std::uint64_t i = 0; i < accounts_each; ++i) {
    const auto last = store_.stream_version(stream_of(i));
    ASSERT_TRUE(last) << to_string(last.error());
    if (*last) bookings[i] = static_cast<std::int64_t>((*last)->value) + 1;
  }
  while (!stopping_) {
    AppendRequest request;
    const std::uint64_t one = random() % accounts_each;
    const std::uint64_t other = (one + 1 + random() % (accounts_each - 1)) % accounts_each;
    const std::uint64_t events = 1 + random() % 5;
    for (std::uint64_t i = 0; i < events; ++i) {
      const std::uint64_t account = i == 2 ? other : one;
      const auto cents = static_cast<std::int64_t>(random() % 20'000) - 10'000;
      const auto data = to_json(Booked{.cents = cents, .number = bookings[account]++});
      ASSERT_TRUE(data) << to_string(data.error());
      request.events.push_back(
          {.stream = stream_of(account), .type = std::string(event_name<Booked>()), .data = *data});
    }
    request.checks.push_back({stream_of(one), ExpectedVersion::any()});
    if (events > 2) request.checks.push_back({stream_of(other), ExpectedVersion::any()});
    const auto receipt = store_.append(std::move(request));
    ASSERT_TRUE(receipt) << to_string(receipt.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 40));
  }
}

}  // namespace annals::chaos
