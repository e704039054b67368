/// @file
/// A city council's payments to its suppliers: their events, read model and files.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <annals/projections/projection.hpp>
#include <annals/projections/rows.hpp>

#include "history_store.hpp"

namespace bank::oxford {

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

/// Calls `payment(stream, event, date)` with each payment, in the order of the file.
template <typename Visit>
void for_each_payment(const std::string& file, Visit visit) {
  for_each_record(file, [&](CsvRecord& row) {
    const std::string supplier = row.text("supplier_id");
    visit("supplier-" + (supplier.empty() ? "none" : supplier), SupplierPaid{row.integer("amount")},
          row.date("date"));
  });
}

/// What each supplier had been paid by a date.
using Paid = std::map<std::string, std::int64_t>;
inline std::map<std::string, Paid> read_answers(const std::string& file) {
  std::map<std::string, Paid> answers;
  for_each_record(file, [&](CsvRecord& row) {
    answers[row.text("asof")][row.text("supplier_id")] = row.integer("paid");
  });
  return answers;
}

inline Paid paid(const std::vector<Supplier>& rows) {
  Paid result;
  for (const Supplier& row : rows) result[row.supplier] = row.paid;
  return result;
}

}  // namespace bank::oxford
