/// @file
/// The program's commands that only read.

#pragma once

#include <string>

#include "session.hpp"

namespace bank {

/// Every customer's account: owner, status, balance.
int print_accounts(const Session& session);

/// Every account whose balance is not zero, of customers and of the books. `as_of` cuts by the day
/// that money moved, `known_at` by when it was known: a date (that day included), a time, or empty.
int print_balances(const Session& session, const std::string& as_of, const std::string& known_at);

/// An account's events with the balance after each; `account` is a customer's id or a name in the
/// books.
int print_statement(const Session& session, const std::string& account);

/// Proves the files whole. Returns 0 whole, 1 changed, 2 incomplete, 3 could not run.
int print_verification(const Session& session);

}  // namespace bank
