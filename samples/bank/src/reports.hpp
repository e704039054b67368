/// @file
/// The program's commands that only read: each asks the read models.

#pragma once

#include <cstdint>
#include <string>

#include "cuts.hpp"
#include "session.hpp"

namespace bank {

/// Customers' accounts; `owner` is a part of a name, or empty: all.
int print_accounts(const Session& session, const std::string& owner);

/// Every account whose balance is not zero, of customers and of the books.
int print_balances(const Session& session, const CutWords& cut);

/// What changed in the balances from one cut to another.
int print_difference(const Session& session, const CutWords& from, const CutWords& to);

/// The balances, then each change of them, until SIGINT or SIGTERM. `metrics`: HOST:PORT where they
/// are served meanwhile, or empty.
int watch_balances(const Session& session, const std::string& metrics);

/// An account's events with the balance after each; `account` is a customer's id or a name in the
/// books.
int print_statement(const Session& session, const std::string& account);

/// The movements of most money.
int print_largest(const Session& session, std::int64_t count);

/// Movements whose text, kind or account holds a text.
int print_found(const Session& session, const std::string& text);

/// The movements of an account, or of all accounts below it ("Assets"), from day to day.
int print_books(const Session& session, const std::string& account, const std::string& first,
                const std::string& last);

/// Money in and out, day by day.
int print_totals(const Session& session);

/// Brings the read models up to date, and says where they are.
int project(const Session& session);

/// Proves the files whole. Returns 0 whole, 1 changed, 2 incomplete, 3 could not run.
int print_verification(const Session& session);

}  // namespace bank
