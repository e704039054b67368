/// @file
/// The transactions of a Czech bank (the "Berka" data of PKDD'99), row by row.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/time.hpp>

namespace bank::berka {

/// What a row asks the bank to do.
enum class Kind : std::uint8_t {
  deposit,   ///< Money comes in; interest too.
  withdraw,  ///< The customer takes or sends money.
  charge,    ///< The bank takes a fee or penalty interest, whatever the balance is.
};

struct Row {
  std::int64_t seq = 0;  ///< Order of the whole file, from 1.
  std::string account;
  annals::Timestamp date;  ///< Midnight UTC at the start of the day.
  Kind kind = Kind::deposit;
  std::int64_t hellers = 0;  ///< Hundredths of a koruna that move; never negative.
  std::int64_t balance = 0;  ///< What the bank itself says the account has after this row.
  std::string text;          ///< The bank's words for it: "VYBER SIPO".
};

/// In the order of the file. A row's exact change is amount + rounding, its direction the sign.
///
/// Errors: as CsvReader.
annals::Result<std::vector<Row>> read_rows(const std::string& path);

}  // namespace bank::berka
