#include "hackclub.hpp"

#include "csv.hpp"

namespace bank::hackclub {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

Result<std::vector<Entry>> read_entries(const std::string& path) {
  auto csv = CsvReader::open(path);
  if (!csv) return csv.error();

  std::vector<Entry> entries;
  for (;;) {
    const auto record = csv->next();
    if (!record) return record.error();
    if (*record == nullptr) return entries;

    CsvRecord& line = **record;
    const std::string event = line.text("event");
    Entry entry{.revision = line.text("revision"),
                .transaction = line.text("txn_key"),
                .recorded = event == "recorded",
                .known_at = line.time("recorded_at"),
                .date = line.date("date"),
                .lines = {{line.text("account"), line.hundredths("amount")}}};
    if (line.error()) return *line.error();
    if (event != "recorded" && event != "withdrawn") {
      return Error{ErrorCode::invalid_argument,
                   line.place() + ": event is '" + event + "', expected recorded or withdrawn"};
    }

    const bool continues = !entries.empty() && entries.back().revision == entry.revision &&
                           entries.back().transaction == entry.transaction &&
                           entries.back().recorded == entry.recorded;
    if (!continues) {
      entries.push_back(std::move(entry));
    } else if (entries.back().date != entry.date || entries.back().known_at != entry.known_at) {
      return Error{ErrorCode::invalid_argument,
                   line.place() + ": transaction " + entry.transaction + " has another time"};
    } else {
      entries.back().lines.push_back(std::move(entry.lines.front()));
    }
  }
}

Result<std::vector<MonthEnd>> read_month_ends(const std::string& path) {
  auto csv = CsvReader::open(path);
  if (!csv) return csv.error();

  std::vector<MonthEnd> month_ends;
  for (;;) {
    const auto record = csv->next();
    if (!record) return record.error();
    if (*record == nullptr) return month_ends;

    CsvRecord& line = **record;
    const std::string date = line.text("asof");
    const std::string account = line.text("account");
    const std::int64_t cents = line.hundredths("balance");
    line.date("asof");
    if (line.error()) return *line.error();
    if (month_ends.empty() || month_ends.back().date != date) month_ends.push_back({date, {}});
    month_ends.back().cents[account] = cents;
  }
}

}  // namespace bank::hackclub
