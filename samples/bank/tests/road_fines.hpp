/// @file
/// Road traffic fines: their events, read models and the file they come from.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <annals/projections/projection.hpp>
#include <annals/queries/query_type.hpp>

#include "history_store.hpp"

namespace bank::fines {

using annals::EventInfo;

// clang-format off
struct FineChanged { std::string kind; std::int64_t amount = 0; ANNALS_EVENT(FineChanged, "fine_changed", kind, amount); };
struct FinePaid    { std::int64_t amount = 0; std::int64_t stated_total = 0; ANNALS_EVENT(FinePaid, "fine_paid", amount, stated_total); };
// clang-format on

inline std::string day_of(const EventInfo& info) {
  return annals::to_string(info.effective_at).substr(0, 10);
}

/// One fine, and the first day on which its source stated another sum of payments than was folded.
struct Fine {
  std::string fine;
  std::int64_t outstanding = 0;
  std::int64_t paid = 0;
  std::int64_t events = 0;
  std::optional<std::string> disagrees_since;
  ANNALS_ROW(Fine, "fines", (fine), outstanding, paid, events, disagrees_since);
  static constexpr std::string_view indexes[] = {"disagrees_since"};

  using Events = annals::Events<FineChanged, FinePaid>;
  static std::string keys(const auto&, const EventInfo& info) {
    return std::string(info.stream.substr(info.stream.find('-') + 1));
  }
  void evolve(const FineChanged& e) {
    outstanding += e.amount;
    ++events;
  }
  void evolve(const FinePaid& e, const EventInfo& info) {
    outstanding += e.amount;  // A payment's amount is negative.
    paid -= e.amount;
    ++events;
    if (paid != e.stated_total && !disagrees_since) disagrees_since = day_of(info);
  }
  bool operator==(const Fine&) const = default;
};

/// What a day added to the totals.
struct Day {
  std::string day;
  std::int64_t events = 0;
  std::int64_t fines = 0;
  std::int64_t outstanding = 0;
  std::int64_t cash_received = 0;
  ANNALS_ROW(Day, "days", (day), events, fines, outstanding, cash_received);

  using Events = annals::Events<FineChanged, FinePaid>;
  static std::string keys(const auto&, const EventInfo& info) { return day_of(info); }
  void evolve(const FineChanged& e, const EventInfo& info) {
    ++events;
    if (info.version.value == 0) ++fines;
    outstanding += e.amount;
  }
  void evolve(const FinePaid& e) {
    ++events;
    outstanding += e.amount;
    cash_received -= e.amount;
  }
  bool operator==(const Day&) const = default;
};

struct Kind {
  std::string kind;
  std::int64_t events = 0;
  ANNALS_ROW(Kind, "kinds", (kind), events);
  using Events = annals::Events<FineChanged, FinePaid>;
  static std::string keys(const FineChanged& e) { return e.kind; }
  static std::string keys(const FinePaid&) { return "payment"; }
  void evolve(const auto&) { ++events; }
  bool operator==(const Kind&) const = default;
};

struct RoadFines {
  static constexpr auto name = "road_fines";
  static constexpr int version = 1;
  using Tables = annals::Tables<Fine, Day, Kind>;
};
/// The same tables by two projections, of which a group of consumers can share the first.
struct FineByFine {
  static constexpr auto name = "fine_by_fine";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<Fine>;
};
struct FineTotals {
  static constexpr auto name = "fine_totals";
  static constexpr int version = 1;
  using Tables = annals::Tables<Day, Kind>;
};

struct Totals {
  std::int64_t events = 0;
  std::int64_t fines = 0;
  std::int64_t outstanding = 0;
  std::int64_t cash_received = 0;
  ANNALS_FIELDS(Totals, events, fines, outstanding, cash_received);
  bool operator==(const Totals&) const = default;
};
struct TotalsBy {
  std::string day;
  using Projection = RoadFines;
  annals::Result<Totals> answer(annals::Rows& rows) const {
    auto totals = rows.query<Totals>(
        "SELECT sum(events), sum(fines), sum(outstanding), sum(cash_received) FROM days "
        "WHERE day <= ?1",
        day);
    if (!totals) return std::move(totals).error();
    return totals->at(0);
  }
};
struct AllKinds {
  using Projection = RoadFines;
  annals::Result<std::vector<Kind>> answer(annals::Rows& rows) const { return rows.all<Kind>(); }
};
/// The audit: fines where the source's own "paid so far" is not what was paid.
struct Disagreements {
  using Projection = RoadFines;
  annals::Result<std::vector<Fine>> answer(annals::Rows& rows) const {
    return rows.where<Fine>("WHERE disagrees_since IS NOT NULL ORDER BY fine");
  }
};

/// The file's events, up to the last day of those that are wanted and after `after_day`; it is in
/// the order of days.
inline void import(const std::string& file, HistoryStore& store,
                   const std::string& last_day = "9999-12-31", const std::string& after_day = {}) {
  for_each_record(file, [&](CsvRecord& row) {
    if (row.text("date") > last_day || row.text("date") <= after_day) return;
    const std::string kind = row.text("kind");
    const std::string stream = "fine-" + row.text("account");
    const auto amount = row.integer("amount");
    if (kind == "payment") {
      store.add(stream, FinePaid{amount, row.integer("stated_total")}, row.date("date"));
    } else {
      store.add(stream, FineChanged{kind, amount}, row.date("date"));
    }
  });
  store.flush();
}

/// What the publisher says the totals were at each quarter's end.
inline std::map<std::string, Totals> read_totals(const std::string& file) {
  std::map<std::string, Totals> totals;
  for_each_record(file, [&](CsvRecord& row) {
    totals[row.text("asof")] = {row.integer("events"), row.integer("fines"),
                                row.integer("outstanding"), row.integer("cash_received")};
  });
  return totals;
}

/// The fines whose stated total is not what was paid, by a plain pass over the file.
inline std::set<std::string> disagreements_in(const std::string& file,
                                              const std::string& last_day = "9999-12-31") {
  std::map<std::string, std::int64_t> paid;
  std::set<std::string> found;
  for_each_record(file, [&](CsvRecord& row) {
    if (row.text("kind") != "payment" || row.text("date") > last_day) return;
    std::int64_t& so_far = paid[row.text("account")];
    so_far -= row.integer("amount");
    if (so_far != row.integer("stated_total")) found.insert(row.text("account"));
  });
  return found;
}

}  // namespace bank::fines
