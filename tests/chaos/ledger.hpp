#pragma once

#include <cstdint>
#include <string>

#include <annals/codec/event_type.hpp>
#include <annals/projections/projection.hpp>

namespace annals::chaos {

/// The `number` is that of the booking in its account: 0, 1, 2, …
struct Booked {
  std::int64_t cents = 0;
  std::int64_t number = 0;
  ANNALS_EVENT(Booked, "booked", cents, number);
};

/// An account. A booking that is left out, counted twice or folded out of turn shows.
struct Account {
  std::string account;
  std::int64_t cents = 0;
  std::int64_t bookings = 0;
  std::int64_t trace = 0;  ///< Depends on the order of the bookings.
  ANNALS_ROW(Account, "accounts", (account), cents, bookings, trace);

  using Events = annals::Events<Booked>;
  static std::string keys(const auto&, const EventInfo& info) { return std::string(info.stream); }
  void evolve(const Booked& e) {
    cents += e.cents;
    ++bookings;
    trace = (trace * 31 + e.number + 1) % 1'000'000'007;
  }
  bool operator==(const Account&) const = default;
};

/// Shared by the members of a group: an account is a stream.
struct Ledger {
  static constexpr auto name = "ledger";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<Account>;
};

/// All bookings in the order of the log.
struct Page {
  std::string book;
  std::int64_t bookings = 0;
  std::int64_t trace = 0;  ///< Depends on the positions and their order.
  ANNALS_ROW(Page, "pages", (book), bookings, trace);

  using Events = annals::Events<Booked>;
  static std::string keys(const auto&, const EventInfo&) { return "all"; }
  void evolve(const Booked&, const EventInfo& info) {
    ++bookings;
    trace = (trace * 31 + static_cast<std::int64_t>(info.position.value)) % 1'000'000'007;
  }
  bool operator==(const Page&) const = default;
};

/// Projected from all partitions of the topic, put back into the order of the log.
struct Journal {
  static constexpr auto name = "journal";
  static constexpr int version = 1;
  using Tables = annals::Tables<Page>;
};

}  // namespace annals::chaos
