#include "import_options.hpp"

#include "option_text.hpp"

#include <CLI/CLI.hpp>

namespace annals::cli {

void add_import_options(CLI::App& sub, ImportRequest& request) {
  sub.add_option("FILE", request.file, "Default: standard input")->type_name("");
  sub.add_flag("--exact", request.exact,
               "The same store again, with its id, positions, times and links; DIR is empty");
  sub.add_flag("--merge", request.merge, "Append to streams whatever they hold already");
  sub.add_flag("--compress", request.compress, "Compress complete segments as it goes");
  sub.add_option_function<std::string>(
         "--max-clock-skew",
         [&request](const std::string& text) {
           request.max_clock_skew = seconds("--max-clock-skew", text);
         },
         "How far events may be known ahead of the clock, and it be behind; default: 300")
      ->type_name("SECONDS");
  sub.add_flag("--progress", request.progress, "Show progress where there is no terminal, too");
}

void check_import_options(ImportRequest& request) {
  if (request.exact && request.merge) refuse("--merge", "makes no sense with --exact");
  if (request.exact && request.max_clock_skew) {
    refuse("--max-clock-skew", "makes no sense with --exact, which looks at no clock");
  }
  if (request.file == "-") request.file.clear();
}

}  // namespace annals::cli
