/// @file
/// The books of a bank: the events that read models are measured with.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <annals/eventstore/event_store.hpp>

#include "sqlite_peer.hpp"

namespace annals::bench {

/// Books on a number of accounts, in an order without order, the same in each run.
class Books {
 public:
  explicit Books(std::uint64_t accounts) : accounts_(accounts) {}

  struct Booking {
    std::string stream;  ///< "account-42".
    bool deposit = true;
    std::int64_t cents = 0;  ///< Above 0.
  };
  /// First one deposit on each account, in their order; then deposits and withdrawals anywhere.
  Booking next();
  /// Appends the next bookings, so many at a time. With a peer, it gets the same ones.
  Result<void> book(EventStore& store, std::uint64_t count, std::uint64_t at_a_time = 1000,
                    SqlitePeer* peer = nullptr);

  std::uint64_t accounts() const { return accounts_; }
  /// One of the accounts: "42".
  std::string any_account();

 private:
  std::uint64_t any();

  std::uint64_t accounts_;
  std::uint64_t booked_ = 0;
  std::uint64_t seed_ = 1;
};

/// What is stored of a booking.
NewEvent event_of(const Books::Booking& booking);

/// "42" of "account-42".
std::string_view account_in(std::string_view stream);

}  // namespace annals::bench
