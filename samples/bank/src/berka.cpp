#include "berka.hpp"

#include "csv.hpp"

namespace bank::berka {

using annals::Result;

namespace {

Kind kind_of(std::int64_t change, const std::string& symbol) {
  if (change >= 0) return Kind::deposit;
  const bool fee = symbol == "SLUZBY";                    // the statement's fee
  const bool penalty_interest = symbol == "SANKC. UROK";  // on a negative balance
  return fee || penalty_interest ? Kind::charge : Kind::withdraw;
}

}  // namespace

Result<std::vector<Row>> read_rows(const std::string& path) {
  auto csv = CsvReader::open(path);
  if (!csv) return csv.error();

  std::vector<Row> rows;
  for (;;) {
    const auto record = csv->next();
    if (!record) return record.error();
    if (*record == nullptr) return rows;

    CsvRecord& line = **record;
    const std::int64_t change = line.hundredths("amount") + line.hundredths("rounding");
    const std::string symbol = line.text("k_symbol");
    std::string text = line.text("operation");
    if (!text.empty() && !symbol.empty()) text += ' ';
    text += symbol;
    rows.push_back({.seq = line.integer("seq"),
                    .account = line.text("account"),
                    .date = line.date("date"),
                    .kind = kind_of(change, symbol),
                    .hellers = change < 0 ? -change : change,
                    .balance = line.hundredths("bank_balance"),
                    .text = std::move(text)});
    if (line.error()) return *line.error();
  }
}

}  // namespace bank::berka
