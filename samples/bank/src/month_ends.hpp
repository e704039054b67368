/// @file
/// Compares the books in a store with the answers of independent accounting programs.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <annals/queries/query_bus.hpp>

#include "hackclub.hpp"

namespace bank {

struct Comparison {
  std::size_t month_ends = 0;
  std::size_t equal = 0;     ///< Month-ends at which every account has the right balance, no
                             ///< account is missing and there is none too many.
  std::size_t balances = 0;  ///< In the answers.
  std::vector<std::string>
      differences;  ///< "2015-01-31 Assets:PayPal: 5.00 USD, expected 6.00 USD".
};

/// Asks for the balances as of each month-end. Errors: as annals::QueryBus::ask.
annals::Result<Comparison> compare(annals::QueryBus& queries,
                                   const std::vector<hackclub::MonthEnd>& answers);

}  // namespace bank
