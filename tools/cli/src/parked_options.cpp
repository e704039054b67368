#include "parked_options.hpp"

#include <CLI/CLI.hpp>

namespace annals::cli {

namespace {

CLI::Option* add_key(CLI::App& sub, ProjectionsRequest& request, const char* what) {
  sub.add_option("--of-table", request.table, "The table of the key; default: any")
      ->type_name("TABLE");
  return sub.add_option("--key", request.key, what)->type_name("KEY");
}

}  // namespace

void add_parked_options(CLI::App& list, CLI::App& retry, CLI::App& skip,
                        ProjectionsRequest& request) {
  list.add_flag("--skipped", request.skipped, "The events that were skipped instead");
  add_key(retry, request, "A key as `list` shows it; default: all");
  add_key(skip, request, "A key as `list` shows it")->required();
  skip.add_flag("--all", request.all, "All events that are parked for it");
}

}  // namespace annals::cli
