#include "books.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <annals/codec/json.hpp>

#include "bank_account.hpp"

namespace annals::bench {

namespace {

const char* const text = "standing order, reference 2024-0815, thank you";

std::string json_of(const Books::Booking& booking) {
  const Money amount = Money::of_minor(booking.cents, "EUR");
  // Both are plain structs of an amount and an ASCII text, which always can be written.
  return booking.deposit ? *to_json(MoneyDeposited{amount, text})
                         : *to_json(MoneyWithdrawn{amount, text});
}

std::string_view type_of(const Books::Booking& booking) {
  return booking.deposit ? "money_deposited" : "money_withdrawn";
}

}  // namespace

std::uint64_t Books::any() {
  seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
  return seed_ >> 33;
}

std::string Books::any_account() { return std::to_string(any() % accounts_); }

Books::Booking Books::next() {
  const std::uint64_t turn = booked_++;
  if (turn < accounts_) return {"account-" + std::to_string(turn), true, 100'000};
  Booking booking{"account-" + any_account()};
  booking.deposit = turn % 2 == 0;
  booking.cents = static_cast<std::int64_t>(1 + any() % 50'000);
  return booking;
}

NewEvent event_of(const Books::Booking& booking) {
  return {
      .stream = booking.stream, .type = std::string(type_of(booking)), .data = json_of(booking)};
}

std::string_view account_in(std::string_view stream) { return stream.substr(stream.find('-') + 1); }

Result<void> Books::book(EventStore& store, std::uint64_t count, std::uint64_t at_a_time,
                         SqlitePeer* peer) {
  for (std::uint64_t done = 0; done < count;) {
    AppendRequest request;
    std::vector<PeerDeposit> deposits;
    std::set<std::string> streams;
    const std::uint64_t batch = std::min(at_a_time, count - done);
    request.events.reserve(batch);  // Deposits point into it.
    for (std::uint64_t i = 0; i < batch; ++i) {
      const Booking booking = next();
      streams.insert(booking.stream);
      request.events.push_back(event_of(booking));
      if (peer != nullptr) {
        const NewEvent& event = request.events.back();
        deposits.push_back({event.stream, event.type, event.data,
                            booking.deposit ? booking.cents : -booking.cents});
      }
    }
    for (const std::string& stream : streams) {
      request.checks.push_back({stream, ExpectedVersion::any()});
    }
    if (peer != nullptr) {
      if (auto written = peer->deposit(deposits); !written) return written;
    }
    if (auto receipt = store.append(std::move(request)); !receipt) {
      return std::move(receipt).error();
    }
    done += batch;
  }
  return {};
}

}  // namespace annals::bench
