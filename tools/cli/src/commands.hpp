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

#include "output.hpp"
#include "request.hpp"

namespace annals::cli {

/// The store in `folder`, for reading.
Result<std::unique_ptr<EventStore>> open_store(const std::string& folder);

// `format` is table or json.
Result<int> show_streams(const std::string& folder, const StreamsRequest& request, Format format,
                         Output& output);
Result<int> read_events(const std::string& folder, const ReadRequest& request, Format format,
                        Output& output);
Result<int> tail_events(const std::string& folder, const TailRequest& request, Format format,
                        Output& output);
Result<int> show_stats(const std::string& folder, Format format, Output& output);
Result<int> verify_store(std::string_view program, const std::string& folder,
                         const VerifyRequest& request, Format format, Output& output);
Result<int> show_states(std::string_view program, const std::string& folder,
                        const StateRequest& request, const std::vector<StateFold>& folds,
                        Format format, Output& output);

}  // namespace annals::cli
