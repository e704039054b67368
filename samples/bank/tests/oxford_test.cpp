// A city council's payments to its suppliers: what each was paid by nine dates.

#include <map>

#include <gtest/gtest.h>

#include <annals/projections/sqlite_read_model_store.hpp>
#include <annals/queries/query_bus.hpp>

#include "history_store.hpp"
#include "test_data.hpp"

namespace bank::oxford {
namespace {

struct SupplierPaid {
  std::int64_t pence = 0;
  ANNALS_EVENT(SupplierPaid, "supplier_paid", pence);
};

struct Supplier {
  std::string supplier;
  std::int64_t paid = 0;
  std::int64_t payments = 0;
  ANNALS_ROW(Supplier, "suppliers", (supplier), paid, payments);
  using Events = annals::Events<SupplierPaid>;
  static std::string keys(const SupplierPaid&, const annals::EventInfo& info) {
    return std::string(info.stream.substr(info.stream.find('-') + 1));
  }
  void evolve(const SupplierPaid& e) {
    paid += e.pence;
    ++payments;
  }
};
struct Suppliers {
  static constexpr auto name = "suppliers";
  static constexpr int version = 1;
  static constexpr bool order_free = true;
  using Tables = annals::Tables<Supplier>;
};
struct AllSuppliers {
  using Projection = Suppliers;
  annals::Result<std::vector<Supplier>> answer(annals::Rows& rows) const {
    return rows.all<Supplier>();
  }
};

TEST(Oxford, WhatWasPaidToEachSupplierByNineDatesIsEqual) {
  BANK_EXTERNAL_DATA(payments, "oxford-spend/payments.csv.gz");
  BANK_EXTERNAL_DATA(answers_file, "oxford-spend/oracle/paid_as_of.csv.gz");
  const annals::testkit::TemporaryFolder folder;
  HistoryStore store(folder.file("store"));
  for_each_record(payments, [&](CsvRecord& row) {
    const std::string supplier = row.text("supplier_id");
    store.add("supplier-" + (supplier.empty() ? "none" : supplier),
              SupplierPaid{row.integer("amount")}, row.date("date"));
  });
  store.flush();
  ASSERT_EQ(store->head().position.value, 57'692U);

  using Paid = std::map<std::string, std::int64_t>;
  std::map<std::string, Paid> answers;
  for_each_record(answers_file, [&](CsvRecord& row) {
    answers[row.text("asof")][row.text("supplier_id")] = row.integer("paid");
  });
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
    Paid paid;
    for (const Supplier& row : answer->value) paid[row.supplier] = row.paid;
    EXPECT_EQ(paid, expected) << date;
  }
}

}  // namespace
}  // namespace bank::oxford
