#include <annals/eventstore/log_backup.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "stop_signal.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

/// Where a copy went, and what it holds.
void print_copy(std::string_view what, const std::string& folder, const BackupReport& report,
                Format format, Output& output) {
  const std::string expect = std::to_string(report.position.value) + ":" + to_string(report.link);
  if (format == Format::json) {
    output.line(JsonObject()
                    .text(what, folder)
                    .text("store", to_string(report.store))
                    .number("era", report.era.value)
                    .number("position", report.position.value)
                    .text("link", to_string(report.link))
                    .text("expect", expect)
                    .number("segments", report.segments)
                    .number("bytes", report.bytes)
                    .flag("verified", report.verified)
                    .finish());
    return;
  }
  Properties properties;
  properties.add(std::string(what), folder);
  properties.add("store", to_string(report.store));
  properties.add("era", std::to_string(report.era.value));
  properties.add("position", std::to_string(report.position.value));
  properties.add("link", to_string(report.link));
  properties.add("expect", expect);
  properties.add("bytes", grouped(report.bytes));
  properties.add("verified", report.verified ? "yes" : "no");
  properties.print(output);
}

/// Given up when the program is told to end: then the destination is left empty.
std::function<bool(std::uint64_t, std::uint64_t)> showing(Progress& progress,
                                                          const StopSignal& stop) {
  return [&](std::uint64_t done, std::uint64_t all) {
    progress.show(done, all);
    return !stop.raised();
  };
}

}  // namespace

Result<int> backup_store(const std::string& folder, const BackupRequest& request, Format format,
                         Output& output) {
  LogOptions options;
  options.path = folder;
  const StopSignal stop;
  Result<BackupReport> report = [&] {
    Progress progress("copying and proving bytes", request.progress);
    return backup_log(options, request.destination,
                      {.snapshots = request.snapshots,
                       .verify = request.verify,
                       .progress = showing(progress, stop)});
  }();
  if (!report) return std::move(report).error();
  print_copy("backup", request.destination, *report, format, output);
  return exit_ok;
}

Result<int> restore_store(const std::string& backup, const RestoreRequest& request, Format format,
                          Output& output) {
  LogOptions options;
  options.path = request.destination;
  const StopSignal stop;
  Result<BackupReport> report = [&] {
    Progress progress("copying and proving bytes", request.progress);
    return restore_log(backup, options,
                       {.era = request.era,
                        .last = request.last,
                        .verify = request.verify,
                        .progress = showing(progress, stop)});
  }();
  if (!report) return std::move(report).error();
  print_copy("restored", request.destination, *report, format, output);
  return exit_ok;
}

}  // namespace annals::cli
