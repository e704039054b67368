#include "import_command.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "bank.hpp"
#include "import.hpp"
#include "month_ends.hpp"

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

Result<Imported> import_rows(Bank& bank, const std::string& format, const std::string& file,
                             const Answered& answered) {
  if (format == "berka") {
    const auto rows = berka::read_rows(file);
    if (!rows) return rows.error();
    return import_berka(bank.bus(), *rows, answered);
  }
  const auto entries = hackclub::read_entries(file);
  if (!entries) return entries.error();
  return import_books(bank.bus(), *entries, answered);
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

}  // namespace

int import_file(const Session& session, const ImportRequest& request) {
  const bool books = request.format == "hackclub";
  if (!books && request.file.empty()) {
    std::fprintf(stderr, "bank: import --format %s needs a FILE\n", request.format.c_str());
    return exit_usage;
  }
  const std::string file =
      request.file.empty() ? std::string(BANK_DATA_DIR) + "/" + books_file : request.file;

  auto bank = open_bank(session.to_make());
  if (!bank) return failed(bank.error());
  const auto started = std::chrono::steady_clock::now();
  const auto imported =
      import_rows(**bank, request.format, file, request.acknowledge ? print_answered : Answered());
  if (!imported) return failed(imported.error());
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
  print_imported(*imported, file, session.data, taken.count());

  int code = exit_done;
  const auto answers_path = std::filesystem::path(file).replace_filename(answers_file);
  if (books && std::filesystem::exists(answers_path)) {
    const auto answers = hackclub::read_month_ends(answers_path.string());
    if (!answers) return failed(answers.error());
    const auto comparison = compare((*bank)->store(), *answers);
    if (!comparison) return failed(comparison.error());
    code = print_comparison(*comparison);
  }
  if (books) {
    std::printf(
        "Look further: bank balances --as-of 2016-12-31, bank statement Assets:PayPal, "
        "bank verify\n");
  } else {
    std::printf("Look further: bank accounts, bank statement ACCOUNT, bank verify\n");
  }
  return code;
}

}  // namespace bank
