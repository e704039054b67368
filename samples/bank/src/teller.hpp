/// @file
/// The program's commands that change a customer's account: from words to a command, and its
/// receipt.

#pragma once

#include <string>

#include "session.hpp"

namespace bank {

/// The words of the command line; each command uses some.
struct Slip {
  std::string account;
  std::string to;      ///< The other account of a transfer.
  std::string amount;  ///< "10.50", in the account's currency, or "10.50 EUR".
  std::string owner;
  std::string currency = "EUR";
  std::string overdraft = "0";
  std::string text;  ///< What it is for.
  std::string date;  ///< The day it is about, "2024-01-31"; empty: now.
  std::string id;    ///< Names this request, so that it can be sent again; may be empty.
};

// Each prints the receipt and returns the exit code.
int open_account(const Session& session, const Slip& slip);
int deposit(const Session& session, const Slip& slip);
int withdraw(const Session& session, const Slip& slip);
int charge(const Session& session, const Slip& slip);
int transfer(const Session& session, const Slip& slip);
int freeze(const Session& session, const Slip& slip);
int unfreeze(const Session& session, const Slip& slip);
int close_account(const Session& session, const Slip& slip);

}  // namespace bank
