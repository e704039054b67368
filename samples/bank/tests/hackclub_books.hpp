/// @file
/// The books of Hack Club, their answers, and an empty bank to import them into.

#pragma once

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "bank.hpp"
#include "import.hpp"
#include "month_ends.hpp"
#include "test_data.hpp"

namespace bank {

class HackClub : public testing::Test {
 protected:
  void SetUp() override {
    auto entries = hackclub::read_entries(sample_data("bitemporal.csv.gz"));
    ASSERT_TRUE(entries) << annals::to_string(entries.error());
    entries_ = std::move(*entries);
    auto answers = hackclub::read_month_ends(sample_data("balances_as_of.csv.gz"));
    ASSERT_TRUE(answers) << annals::to_string(answers.error());
    answers_ = std::move(*answers);
    open();
  }

  // What the device survives is tested elsewhere; what is asked here is the same without it.
  void open() {
    queries_.reset();
    bank_.reset();
    auto opened = open_bank(
        {.path = folder_.path(), .durability = annals::Durability::survives_process_only});
    ASSERT_TRUE(opened) << annals::to_string(opened.error());
    bank_ = std::move(*opened);
    auto rows = annals::open_sqlite_read_models({});
    ASSERT_TRUE(rows) << annals::to_string(rows.error());
    rows_ = std::move(*rows);
    annals::QueryOptions options;
    options.scratch = [] { return annals::open_sqlite_read_models({}); };
    queries_ = std::make_unique<annals::QueryBus>(bank_->store(), *rows_, options);
  }

  std::uint64_t import(const std::vector<hackclub::Entry>& entries) {
    const auto imported = import_books(bank_->bus(), entries);
    EXPECT_TRUE(imported) << annals::to_string(imported.error());
    return imported ? imported->new_events : 0;
  }

  Comparison compare_month_ends() {
    auto comparison = compare(*queries_, answers_);
    EXPECT_TRUE(comparison) << annals::to_string(comparison.error());
    return comparison ? *comparison : Comparison{};
  }

  annals::testkit::TemporaryFolder folder_;
  std::vector<hackclub::Entry> entries_;
  std::vector<hackclub::MonthEnd> answers_;
  std::unique_ptr<Bank> bank_;
  std::unique_ptr<annals::ReadModelStore> rows_;
  std::unique_ptr<annals::QueryBus> queries_;  // Of cuts only: nothing is projected into rows_.
};

}  // namespace bank
