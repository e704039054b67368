/// @file
/// A bank made up from a seed, as a file of rows with the right balance after each: an oracle that
/// knows nothing of annals.

#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <random>
#include <string>

namespace bank {

struct GeneratedBank {
  std::uint64_t seed = 1;
  int accounts = 40;
  int rows = 4'000;
};

/// Writes the rows in the columns of the Czech bank's file. Fees may overdraw an account without
/// limit, withdrawals by up to 10,000.00.
inline void write_bank_file(const GeneratedBank& bank, const std::string& path) {
  std::mt19937_64 random(bank.seed);
  const auto below = [&](std::uint64_t bound) {
    return static_cast<std::int64_t>(random() % bound);
  };
  std::ofstream file(path);
  file << "seq,account,version,date,operation,k_symbol,amount,rounding,bank_balance\n";
  std::map<std::int64_t, std::int64_t> balances;
  for (int seq = 1; seq <= bank.rows; ++seq) {
    const std::int64_t account = 1 + below(static_cast<std::uint64_t>(bank.accounts));
    std::int64_t& balance = balances[account];
    const std::int64_t kind = below(10);
    std::int64_t change = 1 + below(500'000);
    const char* symbol = "";
    if (kind >= 9) {
      change = -change;
      symbol = "SLUZBY";
    } else if (kind >= 4 && balance - change >= -1'000'000) {
      change = -change;
    }
    const std::int64_t rounding = below(3) * 10 - 10;
    balance += change;
    char date[32];
    const int day = seq * 360 / (bank.rows + 1);
    std::snprintf(date, sizeof date, "1993-%02d-%02d", day / 30 + 1, day % 28 + 1);
    file << seq << ',' << account << ",," << date << ",\"MADE, UP\"," << symbol << ','
         << change - rounding << ',' << rounding << ',' << balance << '\n';
  }
}

}  // namespace bank
