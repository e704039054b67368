/// @file
/// What the bank's file says itself, worked out without annals.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "berka.hpp"

namespace bank {

/// The rows of each account, in the order of the file.
class RowOracle {
 public:
  explicit RowOracle(const std::vector<berka::Row>& rows) {
    for (const berka::Row& row : rows) by_account_[row.account].push_back(row);
  }

  const std::map<std::string, std::vector<berka::Row>>& accounts() const { return by_account_; }

  /// The account's last row at or before row `seq` of the file; nullptr if it had none yet.
  const berka::Row* last_row(const std::string& account, std::int64_t seq) const {
    const berka::Row* last = nullptr;
    for (const berka::Row& row : by_account_.at(account)) {
      if (row.seq > seq) break;
      last = &row;
    }
    return last;
  }

 private:
  std::map<std::string, std::vector<berka::Row>> by_account_;
};

}  // namespace bank
