/// @file
/// The commands. Each prints to `output` and returns the exit code, or why it failed.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <annals/cli/run.hpp>
#include <annals/eventstore/event_store.hpp>
#include <annals/eventstore/result.hpp>
#include <annals/projections/read_model_store.hpp>

#include "output.hpp"
#include "request.hpp"
#include "store_address.hpp"

namespace annals::cli {

// `format` is table or json; `folder` is the store's address: see store_address.hpp.
Result<int> show_streams(const std::string& folder, const StreamsRequest& request, Format format,
                         Output& output);
Result<int> read_events(const std::string& folder, const ReadRequest& request, Format format,
                        Output& output);
Result<int> tail_events(const std::string& folder, const TailRequest& request, Format format,
                        Output& output);
Result<int> show_stats(const std::string& folder, const StatsRequest& request, Format format,
                       Output& output);
Result<int> verify_store(std::string_view program, const std::string& folder,
                         const VerifyRequest& request, Format format, Output& output);
Result<int> show_states(std::string_view program, const std::string& folder,
                        const StateRequest& request, const std::vector<StateFold>& folds,
                        Format format, Output& output);

/// One row for each field that differs.
Result<int> show_difference(std::string_view program, const std::string& folder,
                            const DiffRequest& request, const std::vector<StateFold>& folds,
                            Format format, Output& output);
/// Stored events that the program cannot read, and read models of another definition: exit code 1
/// if there are any.
Result<int> check_types(std::string_view program, const std::string& folder,
                        const CheckRequest& request, const ProgramTypes& types, Format format,
                        Output& output);
Result<int> manage_projections(std::string_view program, const std::string& folder,
                               const ProjectionsRequest& request, const ProgramTypes& types,
                               Format format, Output& output);

/// What is parked in the read models: `projections`: those that were asked for.
Result<int> list_parked(const ReadModelStore& rows, const ProjectionsRequest& request,
                        const std::vector<std::string>& projections, Format format, Output& output);
/// Notes that parked events are to be retried or skipped, for whoever projects; does it at once if
/// nobody does and the program has the projections' types. Exit code 1 if a key stays parked.
Result<int> change_parked(const std::string& folder, ReadModelStore& rows,
                          const ProjectionsRequest& request,
                          const std::vector<std::string>& projections, const ProgramTypes& types,
                          Format format, Output& output);

Result<int> backup_store(const std::string& folder, const BackupRequest& request, Format format,
                         Output& output);
Result<int> restore_store(const std::string& backup, const RestoreRequest& request, Format format,
                          Output& output);
/// Exit code 1 if it was interrupted; then what is compressed stays so.
Result<int> compress_store(const std::string& folder, const CompressRequest& request, Format format,
                           Output& output);
/// How many times smaller, with two digits.
std::string ratio_text(std::uint64_t bytes, std::uint64_t file_bytes);
/// Opens a folder for writing once, and says where it ends now.
Result<int> recover_store(const std::string& folder, const RecoverRequest& request, Format format,
                          Output& output);
Result<int> export_events(const std::string& folder, const ExportRequest& request, Output& output);
Result<int> import_events(const std::string& folder, const ImportRequest& request, Format format,
                          Output& output);

/// Publishes to Kafka until interrupted; a JSON line of status now and then.
Result<int> relay_events(const std::string& folder, const RelayRequest& request, Output& output);

/// Makes the schema of a database, or brings it up to date, and says which.
Result<int> migrate_database(const std::string& address, Format format, Output& output);

/// What a command that needs a program's own types says where there are none.
Error without_types(std::string_view program, std::string_view command);
Result<const StateFold*> fold_of(const std::string& stream, const std::vector<StateFold>& folds);

}  // namespace annals::cli
