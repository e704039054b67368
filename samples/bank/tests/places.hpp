/// @file
/// Every combination of where events and tables are.

#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "postgres/database.hpp"
#include "session.hpp"

namespace bank {

struct Places {
  bool events_in_postgres = false;
  bool tables_in_postgres = false;
};
inline std::string to_string(const Places& places) {
  return std::string(places.events_in_postgres ? "Postgres" : "Log") + "And" +
         (places.tables_in_postgres ? "Postgres" : "Sqlite");
}
inline void PrintTo(const Places& places, std::ostream* out) { *out << to_string(places); }

/// A test for each combination, with new and empty places.
class EveryPlace : public testing::TestWithParam<Places> {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_POSTGRES();
    database_.emplace();
    session_.data = folder_.file("bank");
    if (GetParam().events_in_postgres) session_.store = database_->url();
    if (GetParam().tables_in_postgres) session_.read_models = database_->url();
  }

  const annals::testkit::TemporaryFolder folder_;
  std::optional<annals::postgres_test::Database> database_;
  Session session_;
};

}  // namespace bank

/// Runs the tests of a suite that is an EveryPlace in all four combinations.
#define BANK_IN_EVERY_PLACE(suite)                                               \
  INSTANTIATE_TEST_SUITE_P(                                                      \
      All, suite,                                                                \
      testing::Values(::bank::Places{false, false}, ::bank::Places{false, true}, \
                      ::bank::Places{true, false}, ::bank::Places{true, true}),  \
      [](const auto& places) { return to_string(places.param); })
