// A city council's payments to its suppliers: what each was paid by nine dates.

#include "oxford.hpp"

#include <gtest/gtest.h>

#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

#include "test_data.hpp"

namespace bank::oxford {
namespace {

TEST(Oxford, WhatWasPaidToEachSupplierByNineDatesIsEqual) {
  BANK_EXTERNAL_DATA(payments, "oxford-spend/payments.csv.gz");
  BANK_EXTERNAL_DATA(answers_file, "oxford-spend/oracle/paid_as_of.csv.gz");
  const annals::testkit::TemporaryFolder folder;
  HistoryStore store(folder.file("store"));
  for_each_payment(payments,
                   [&](std::string stream, const SupplierPaid& event, annals::Timestamp on) {
                     store.add(std::move(stream), event, on);
                   });
  store.flush();
  ASSERT_EQ(store->head().position.value, 57'692U);
  const auto answers = read_answers(answers_file);
  ASSERT_EQ(answers.size(), 9U);

  auto rows = annals::open_sqlite_read_models({});
  ASSERT_TRUE(rows);
  annals::QueryOptions options;
  options.scratch = [] { return annals::open_sqlite_read_models({}); };
  annals::QueryBus bus(*store, **rows, options);
  for (const auto& [date, expected] : answers) {
    const auto cut = annals::Consistency::as_of(annals::AsOf::head())
                         .effective_at(*annals::parse_cut_time(date));
    const auto answer = bus.ask(AllSuppliers{}, cut);
    ASSERT_TRUE(answer) << annals::to_string(answer.error());
    EXPECT_EQ(paid(answer->value), expected) << date;
  }
}

}  // namespace
}  // namespace bank::oxford
