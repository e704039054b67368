#include <utility>

#include <annals/eventstore/log_event_store.hpp>

#include "commands.hpp"

namespace annals::cli {

Result<std::unique_ptr<EventStore>> open_store(const std::string& folder) {
  LogOptions options;
  options.path = folder;
  options.access = LogOptions::Access::read_only;
  return open_log_event_store(std::move(options));
}

}  // namespace annals::cli
