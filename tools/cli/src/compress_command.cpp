#include <array>
#include <cstdio>

#include <annals/eventstore/log_compression.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "progress.hpp"
#include "stop_signal.hpp"
#include "table.hpp"

namespace annals::cli {

std::string ratio_text(std::uint64_t bytes, std::uint64_t file_bytes) {
  if (file_bytes == 0) return "-";
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.2f",
                static_cast<double>(bytes) / static_cast<double>(file_bytes));
  return text.data();
}

Result<int> compress_store(const std::string& folder, const CompressRequest& request, Format format,
                           Output& output) {
  LogOptions options;
  options.path = folder;
  const StopSignal stop;
  Result<CompressReport> report = [&] {
    Progress progress("compressing bytes", request.progress);
    return compress_log(options, {.progress = [&](std::uint64_t done, std::uint64_t all) {
                          progress.show(done, all);
                          return !stop.raised();
                        }});
  }();
  if (!report) return std::move(report).error();
  const bool complete = report->compressed == report->segments;
  if (format == Format::json) {
    JsonObject object;
    object.text("compressed", folder)
        .text("store", to_string(report->store))
        .number("segments", report->segments)
        .number("segments_packed", report->compressed)
        .number("segments_added", report->added)
        .number("packed_bytes", report->bytes)
        .number("packed_file_bytes", report->file_bytes);
    if (report->file_bytes > 0) {
      object.value("ratio", ratio_text(report->bytes, report->file_bytes));
    }
    output.line(object.flag("complete", complete).finish());
  } else {
    Properties properties;
    properties.add("compressed", folder);
    properties.add("store", to_string(report->store));
    properties.add("complete segments", grouped(report->segments) + ", of which " +
                                            grouped(report->compressed) + " are compressed, " +
                                            grouped(report->added) + " of them now");
    properties.add("bytes", grouped(report->bytes));
    properties.add("on disk", grouped(report->file_bytes));
    properties.add("ratio", ratio_text(report->bytes, report->file_bytes));
    properties.print(output);
  }
  if (!complete) {
    std::fprintf(stderr,
                 "interrupted: %s of %s complete segments are compressed; run it again to go on\n",
                 grouped(report->compressed).c_str(), grouped(report->segments).c_str());
  }
  return complete ? exit_ok : exit_failed;
}

}  // namespace annals::cli
