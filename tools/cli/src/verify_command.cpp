#include <algorithm>
#include <string>
#include <utility>

#include <annals/eventstore/log_event_store.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

int exit_code_of(VerifyReport::Outcome outcome) {
  switch (outcome) {
    case VerifyReport::Outcome::whole: return exit_ok;
    case VerifyReport::Outcome::changed: return exit_verify_changed;
    case VerifyReport::Outcome::incomplete: return exit_verify_incomplete;
  }
  return exit_verify_could_not_run;
}

/// Whether anything was proved that an auditor could write down. Of a range that was bad from its
/// start on, position and link are only what is said about what comes before.
bool proved_anything(const VerifyReport& report) {
  return report.link != Link{} && (report.appends > 0 || report.position.value == 0);
}

/// What an auditor writes down, in the form that --expect takes.
std::string written_down(const VerifyReport& report) {
  return std::to_string(report.position.value) + ":" + to_string(report.link);
}

std::string report_json(const VerifyReport& report) {
  JsonObject object;
  object.text("outcome", to_string(report.outcome))
      .number("events", report.events)
      .number("appends", report.appends)
      .number("position", report.position.value);
  if (proved_anything(report)) {
    object.text("link", to_string(report.link)).text("expect", written_down(report));
  }
  if (report.first_bad) {
    const VerifyReport::Bad& bad = *report.first_bad;
    JsonObject first;
    first.text("what", bad.what)
        .number("first_position", bad.first.value)
        .number("last_position", bad.last.value);
    if (bad.place) first.text("file", bad.place->file).number("offset", bad.place->offset);
    object.value("first_bad", first.finish());
  }
  if (!report.wrong_indexes.empty()) {
    std::string files;
    for (const std::string& file : report.wrong_indexes) {
      files += files.empty() ? '[' : ',';
      append_json_string(files, file);
    }
    object.value("wrong_indexes", files + ']');
  }
  return object.finish();
}

void print_report(std::string_view program, const std::string& folder, const VerifyReport& report,
                  Output& output) {
  Properties properties;
  properties.add("outcome", to_string(report.outcome));
  properties.add("good", grouped(report.events) + " events in " + grouped(report.appends) +
                             " appends, up to position " + std::to_string(report.position.value));
  properties.add("position", std::to_string(report.position.value));
  if (proved_anything(report)) properties.add("link", to_string(report.link));
  if (report.first_bad) {
    const VerifyReport::Bad& bad = *report.first_bad;
    properties.add(report.outcome == VerifyReport::Outcome::changed ? "first bad" : "because",
                   bad.what);
    if (bad.first.value > 0) {
      properties.add("", "positions " + std::to_string(bad.first.value) + " to " +
                             std::to_string(bad.last.value));
    }
    if (bad.place) {
      properties.add("",
                     "file " + bad.place->file + ", offset " + std::to_string(bad.place->offset));
    }
  }
  for (const std::string& file : report.wrong_indexes) properties.add("wrong index", file);
  properties.print(output);
  if (report.outcome == VerifyReport::Outcome::whole) {
    output.line("Write this down; it proves later that history up to here is still the same:");
    output.line("  " + std::string(program) + " verify " + printable(shown_address(folder)) +
                " --expect " + written_down(report));
  }
}

/// The log is whole, and does not reach what was asked for. Of a range that begins behind its end
/// the report does not say where that is.
VerifyReport::Bad ends_before(const VerifyReport& report, const VerifyRequest& request) {
  GlobalPosition asked = std::max(request.first, request.last.value_or(GlobalPosition{0}));
  std::string what = "position " + to_string(asked);
  if (request.expected && request.expected->position > asked) {
    asked = request.expected->position;
    what = "the expected one";
  }
  const std::string end = report.link == Link{} ? "" : " at position " + to_string(report.position);
  const GlobalPosition missing =
      report.link == Link{} ? asked : GlobalPosition{report.position.value + 1};
  return {"the log ends" + end + ", before " + what, missing, asked, {}};
}

}  // namespace

Result<int> verify_store(std::string_view program, const std::string& folder,
                         const VerifyRequest& request, Format format, Output& output) {
  Result<VerifyReport> report = [&]() -> Result<VerifyReport> {
    Progress progress("verifying positions", request.progress);
    const VerifyOptions verify{.first = request.first,
                               .last = request.last,
                               .expected = request.expected,
                               .progress = [&](std::uint64_t done, std::uint64_t all) {
                                 progress.show(done, all);
                                 return true;
                               }};
    if (!is_database(folder)) {
      // Damaged files are reported, where opening them would refuse.
      return verify_log_files({.path = folder, .access = LogOptions::Access::read_only}, verify);
    }
    return verify_database(folder, verify);
  }();
  if (!report) return std::move(report).error();
  // Nothing lies in a range that begins behind the end: that is no proof.
  if (report->outcome == VerifyReport::Outcome::whole && request.first.value > 1 &&
      request.first > report->position) {
    report->outcome = VerifyReport::Outcome::incomplete;
  }
  if (report->outcome == VerifyReport::Outcome::incomplete && !report->first_bad) {
    report->first_bad = ends_before(*report, request);
  }
  if (format == Format::json) {
    output.line(report_json(*report));
  } else {
    print_report(program, folder, *report, output);
  }
  return exit_code_of(report->outcome);
}

}  // namespace annals::cli
