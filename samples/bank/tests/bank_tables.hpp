/// @file
/// All rows of the bank's tables, in the order of their keys.

#pragma once

#include <vector>

#include <gtest/gtest.h>

#include <annals/projections/read_model_store.hpp>

#include "all_rows.hpp"
#include "queries.hpp"
#include "read_models.hpp"

namespace bank {

struct BankTables {
  BankTables() = default;
  explicit BankTables(const annals::ReadModelStore& store) {
    auto transaction = store.read();
    EXPECT_TRUE(transaction) << annals::to_string(transaction.error());
    if (!transaction) return;
    annals::Rows rows(**transaction);
    customers = all_rows<CustomerAccount>(rows);
    balances = all_rows<AccountBalance>(rows);
    lines = all_rows<StatementLine>(rows);
    auto totals = AllDailyTotals{}.answer(rows);
    EXPECT_TRUE(totals) << annals::to_string(totals.error());
    if (totals) days = *std::move(totals);
  }

  std::vector<CustomerAccount> customers;
  std::vector<AccountBalance> balances;
  std::vector<StatementLine> lines;
  std::vector<DailyTotal> days;
};

inline void expect_equal(const BankTables& actual, const BankTables& expected) {
  EXPECT_EQ(actual.customers, expected.customers);
  EXPECT_EQ(actual.balances, expected.balances);
  EXPECT_EQ(actual.lines, expected.lines);
  EXPECT_EQ(actual.days, expected.days);
}

}  // namespace bank
