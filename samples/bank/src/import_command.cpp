#include "import_command.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "bank.hpp"
#include "import.hpp"
#include "month_ends.hpp"
#include "read_side.hpp"

namespace bank {

using annals::Result;

namespace {

// Beside the books lie the answers, if there are any.
constexpr const char* books_file = "bitemporal.csv.gz";
constexpr const char* answers_file = "balances_as_of.csv.gz";
constexpr std::size_t differences_shown = 10;

void print_answered(std::int64_t number) {
  std::printf("%lld\n", static_cast<long long>(number));
  std::fflush(stdout);  // Who reads this counts on what is acknowledged, at any moment.
}

void print_imported(const Imported& imported, const std::string& file, const std::string& folder,
                    double seconds) {
  const double rate = seconds > 0 ? static_cast<double>(imported.new_events) / seconds : 0;
  std::printf("%s commands from %s: %s new events in %.2f s (%s events/s), durable in %s\n",
              with_thousands(imported.commands).c_str(), file.c_str(),
              with_thousands(imported.new_events).c_str(), seconds,
              with_thousands(static_cast<std::uint64_t>(rate)).c_str(), folder.c_str());
}

int print_comparison(const Comparison& comparison) {
  std::printf("%zu of %zu month-ends equal (%s balances, as ledger and hledger worked them out)\n",
              comparison.equal, comparison.month_ends, with_thousands(comparison.balances).c_str());
  for (std::size_t i = 0; i < comparison.differences.size() && i < differences_shown; ++i) {
    std::fprintf(stderr, "bank: %s\n", comparison.differences[i].c_str());
  }
  if (comparison.differences.size() > differences_shown) {
    std::fprintf(stderr, "bank: … %zu differences in all\n", comparison.differences.size());
  }
  return comparison.equal == comparison.month_ends ? exit_done : exit_failed;
}

/// Opens the bank, runs `send`, and says how it went. The file has been read by then: one that
/// makes no sense leaves no folder behind.
template <typename Send>
int import_rows(const Session& session, const ImportRequest& request, std::unique_ptr<Bank>& bank,
                Send send) {
  auto opened = session.open(Access::make);
  if (!opened) return failed(opened.error());
  bank = std::make_unique<Bank>(std::move(*opened));
  const auto started = std::chrono::steady_clock::now();
  const Result<Imported> imported =
      send(bank->bus(), request.acknowledge ? Answered(print_answered) : Answered());
  if (!imported) return failed(imported.error());
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  print_imported(*imported, request.file, session.place(), taken.count());
  return exit_done;
}

/// Projects what was imported, and shows where to look at it.
Result<std::unique_ptr<ReadSide>> project_imported(Bank& bank, const Session& session) {
  const auto started = std::chrono::steady_clock::now();
  auto side = ReadSide::open(bank.store(), session);
  if (!side) return side;
  if (auto caught_up = (*side)->catch_up(); !caught_up) return caught_up.error();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  annals::ProjectionRunner* const runner = (*side)->runner();
  if (runner == nullptr) {
    std::printf("the tables of %s have come to position %s, %.2f s after the last command\n",
                session.place_of_tables().c_str(),
                with_thousands(bank.store().head().position.value).c_str(), taken.count());
    return side;
  }
  std::uint64_t applied = 0;
  for (const auto& status : runner->status()) {
    // A commit is seen a moment before the runner counts it.
    auto counted =
        runner->wait(status.projection, bank.store().head().position, std::chrono::seconds(10));
    if (!counted) return counted.error();
    applied += runner->status(status.projection)->events_applied;
  }
  std::printf("%s events projected into the tables of %s in %.2f s\n",
              with_thousands(applied).c_str(), session.place_of_tables().c_str(), taken.count());
  return side;
}

void print_where_to_look(const Session& session, const char* commands) {
  const std::string look = session.shell_command(
      "SELECT account, balance FROM balances ORDER BY balance_minor DESC LIMIT 5");
  std::printf("Look further: %s, or\n  %s\n", commands, look.c_str());
}

int import_berka_file(const Session& session, const ImportRequest& request) {
  const auto rows = berka::read_rows(request.file);
  if (!rows) return failed(rows.error());
  std::unique_ptr<Bank> bank;
  const int code = import_rows(session, request, bank, [&](auto& bus, const Answered& answered) {
    return import_berka(bus, *rows, answered);
  });
  if (code != exit_done) return code;
  auto side = project_imported(*bank, session);
  if (!side) return failed(side.error());
  print_where_to_look(session, "bank accounts, bank statement ACCOUNT, bank verify");
  return exit_done;
}

int import_books_file(const Session& session, const ImportRequest& request) {
  const auto entries = hackclub::read_entries(request.file);
  if (!entries) return failed(entries.error());
  const std::filesystem::path answers_path =
      std::filesystem::path(request.file).replace_filename(answers_file);
  std::vector<hackclub::MonthEnd> answers;
  if (std::filesystem::exists(answers_path)) {
    auto read = hackclub::read_month_ends(answers_path.string());
    if (!read) return failed(read.error());
    answers = std::move(*read);
  }

  std::unique_ptr<Bank> bank;
  int code = import_rows(session, request, bank, [&](auto& bus, const Answered& answered) {
    return import_books(bus, *entries, answered);
  });
  if (code != exit_done) return code;
  auto side = project_imported(*bank, session);
  if (!side) return failed(side.error());
  if (!answers.empty()) {
    const auto comparison = compare((*side)->queries(), answers);
    if (!comparison) return failed(comparison.error());
    code = print_comparison(*comparison);
  }
  print_where_to_look(
      session, "bank balances --as-of 2016-12-31, bank statement Assets:PayPal, bank largest");
  return code;
}

}  // namespace

int import_file(const Session& session, ImportRequest request) {
  if (request.format == "berka") {
    if (!request.file.empty()) return import_berka_file(session, request);
    std::fprintf(stderr, "bank: import --format berka needs a FILE\n");
    return exit_usage;
  }
  if (request.file.empty()) request.file = std::string(BANK_DATA_DIR) + "/" + books_file;
  return import_books_file(session, request);
}

}  // namespace bank
