#pragma once

#include <vector>

#include <gtest/gtest.h>

#include <annals/projections/rows.hpp>

namespace bank {

/// All rows of a table, in the order of their keys.
template <annals::Row R>
std::vector<R> all_rows(annals::Rows& rows) {
  auto all = rows.all<R>();
  EXPECT_TRUE(all) << annals::to_string(all.error());
  return all ? *std::move(all) : std::vector<R>{};
}

}  // namespace bank
