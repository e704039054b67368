#include <csignal>
#include <cstdio>
#include <exception>
#include <string_view>
#include <utility>

#include <annals/cli/run.hpp>

#include "command_line.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "exit_code.hpp"
#include "output.hpp"
#include "table.hpp"

#include <unistd.h>

namespace annals::cli {

namespace {

void say(const std::string& line) { std::fputs((line + "\n").c_str(), stderr); }

Result<int> dispatch(const std::string& program, const Request& request, const ProgramTypes& types,
                     Output& output) {
  const Format format = output.resolve(request.format);
  const std::string& folder = request.folder;
  if (!is_database(folder) && looks_like_an_address(folder)) {
    return Error{ErrorCode::invalid_argument,
                 "expected a folder, or a database as postgres://USER@HOST/DATABASE"};
  }
  if (const auto* streams = std::get_if<StreamsRequest>(&request.command)) {
    return show_streams(folder, *streams, format, output);
  }
  if (const auto* read = std::get_if<ReadRequest>(&request.command)) {
    return read_events(folder, *read, format, output);
  }
  if (const auto* tail = std::get_if<TailRequest>(&request.command)) {
    return tail_events(folder, *tail, format, output);
  }
  if (const auto* verify = std::get_if<VerifyRequest>(&request.command)) {
    return verify_store(program, folder, *verify, format, output);
  }
  if (const auto* state = std::get_if<StateRequest>(&request.command)) {
    return show_states(program, folder, *state, types.folds, format, output);
  }
  if (const auto* diff = std::get_if<DiffRequest>(&request.command)) {
    return show_difference(program, folder, *diff, types.folds, format, output);
  }
  if (const auto* check = std::get_if<CheckRequest>(&request.command)) {
    return check_types(program, folder, *check, types, format, output);
  }
  if (const auto* projections = std::get_if<ProjectionsRequest>(&request.command)) {
    return manage_projections(program, folder, *projections, types, format, output);
  }
  const bool copies = std::holds_alternative<BackupRequest>(request.command) ||
                      std::holds_alternative<RestoreRequest>(request.command);
  if (copies && is_database(folder)) {
    return Error{ErrorCode::invalid_argument,
                 "a database is copied by its own means (pg_basebackup, pg_dump), or by export"};
  }
  const auto* stats = std::get_if<StatsRequest>(&request.command);
  const auto* importing = std::get_if<ImportRequest>(&request.command);
  if (std::holds_alternative<RecoverRequest>(request.command) && is_database(folder)) {
    return Error{ErrorCode::invalid_argument,
                 "a database recovers by itself: nothing is to be done"};
  }
  const bool of_files = std::holds_alternative<CompressRequest>(request.command) ||
                        (stats != nullptr && stats->bytes) ||
                        (importing != nullptr && importing->compress);
  if (of_files && is_database(folder)) {
    return Error{ErrorCode::invalid_argument,
                 "only the segments of a folder can be compressed, and their bytes counted"};
  }
  if (const auto* backup = std::get_if<BackupRequest>(&request.command)) {
    return backup_store(folder, *backup, format, output);
  }
  if (const auto* restore = std::get_if<RestoreRequest>(&request.command)) {
    return restore_store(folder, *restore, format, output);
  }
  if (const auto* compressed = std::get_if<CompressRequest>(&request.command)) {
    return compress_store(folder, *compressed, format, output);
  }
  if (const auto* recovered = std::get_if<RecoverRequest>(&request.command)) {
    return recover_store(folder, *recovered, format, output);
  }
  if (const auto* exported = std::get_if<ExportRequest>(&request.command)) {
    return export_events(folder, *exported, output);
  }
  if (const auto* imported = std::get_if<ImportRequest>(&request.command)) {
    return import_events(folder, *imported, format, output);
  }
  if (std::holds_alternative<MigrateRequest>(request.command)) {
    return migrate_database(folder, format, output);
  }
  if (const auto* relayed = std::get_if<RelayRequest>(&request.command)) {
    return relay_events(folder, *relayed, output);
  }
  return show_stats(folder, std::get<StatsRequest>(request.command), format, output);
}

int run_command(int argc, char** argv, const ProgramTypes& types) {
  const std::string program = program_name(argc, argv);
  Output output(STDOUT_FILENO);

  auto parsed = parse_command_line(argc, argv);
  if (const auto* end = std::get_if<CommandLineEnd>(&parsed)) {
    if (end->exit_code != exit_ok) {
      say(program + ": usage: " + printable(end->text));
      return end->exit_code;
    }
    output.line(end->text);
    return output.finish() ? exit_ok : exit_failed;
  }

  const Request& request = *std::get_if<Request>(&parsed);
  const bool verifying = std::holds_alternative<VerifyRequest>(request.command);
  const int failed = verifying ? exit_verify_could_not_run : exit_failed;
  const Result<int> done = dispatch(program, request, types, output);
  const Result<void> written = output.finish();
  if (!done) {
    say(complaint(program, done.error()));
    return failed;
  }
  if (!written) {
    say(complaint(program, written.error()));
    return failed;
  }
  return *done;
}

}  // namespace

int run(int argc, char** argv, ProgramTypes types) {
  // A reader that went away is seen as EPIPE (see Output).
  std::signal(SIGPIPE, SIG_IGN);
  // Likewise a file that may grow no further is seen as EFBIG.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run_command(argc, argv, types);
  } catch (const std::exception& error) {  // Memory may be short.
    std::fprintf(stderr, "%s: unavailable: ended by an exception: %s\n",
                 argc > 0 ? argv[0] : "annals", error.what());
  }
  const bool verifying = argc > 1 && std::string_view(argv[1]) == "verify";
  return verifying ? exit_verify_could_not_run : exit_failed;
}

}  // namespace annals::cli
