#include "projections_options.hpp"

#include <cstdint>

#include <annals/projections/partition.hpp>

#include <CLI/CLI.hpp>

namespace annals::cli {

namespace {

CLI::Option* add_key(CLI::App& sub, ProjectionsRequest& request, const char* what) {
  sub.add_option("--of-table", request.table, "The table of the key; default: any")
      ->type_name("TABLE");
  return sub.add_option("--key", request.key, what)->type_name("KEY");
}

}  // namespace

void add_rebuild_options(CLI::App& rebuild, ProjectionsRequest& request) {
  rebuild.add_flag("--progress", request.progress, "Show progress where there is no terminal, too");
  rebuild.add_flag("--create", request.create, "Make the database if it is missing");
  rebuild.add_flag("--from-scratch", request.from_scratch,
                   "Do not use what an interrupted rebuild has left");
  rebuild
      .add_option("--partitions", request.partitions,
                  "Split into so many from then on; default: as it is")
      ->check(CLI::Range(std::uint32_t{1}, partitions_max))
      ->type_name("N");
  rebuild
      .add_option(
          "--split-by", request.split_by,
          "What tells partitions apart: row, or stream for a consumer group; default: as it is")
      ->check(CLI::IsMember({"row", "stream"}))
      ->type_name("WHAT");
}

void add_parked_commands(CLI::App& projections, const AddProjectionsCommand& add,
                         ProjectionsRequest& request) {
  using Action = ProjectionsRequest::Action;
  CLI::App* parked = projections.add_subcommand(
      "parked", "Events that could not be folded, kept for their keys while others go on");
  parked->require_subcommand(1);
  CLI::App* list =
      add(parked, "list", "Each parked key: events, first position, why, and since when",
          Action::parked_list);
  list->add_flag("--skipped", request.skipped, "The events that were skipped instead");
  CLI::App* retry = add(parked, "retry", "Fold parked events again, once their fold is mended",
                        Action::parked_retry);
  add_key(*retry, request, "A key as `list` shows it; default: all");
  CLI::App* skip = add(parked, "skip", "Leave out the first event that is parked for a key",
                       Action::parked_skip);
  add_key(*skip, request, "A key as `list` shows it")->required();
  skip->add_flag("--all", request.all, "All events that are parked for it");
}

}  // namespace annals::cli
