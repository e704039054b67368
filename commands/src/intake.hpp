#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <annals/commands/command_context.hpp>
#include <annals/commands/handler.hpp>
#include <annals/eventstore/result.hpp>

#include "job.hpp"

namespace annals::internal {

/// Where commands come in: finds who handles one, asks the interceptors, names its boundary.
/// Thread-safe once the first command has come.
class Intake {
 public:
  /// `upcasters` know the earlier names of events, and live longer.
  explicit Intake(const Upcasters& upcasters) : upcasters_(upcasters) {}

  void add_handler(const CommandHandler& handler);
  void intercept(Interceptor interceptor) { interceptors_.push_back(std::move(interceptor)); }

  /// Errors: invalid_argument.
  Result<AnyCommand> read_command(std::string_view name, std::string_view json) const;

  /// Makes a filled job ready for its lanes: handler, text, digest, observers, boundary. Errors:
  /// invalid_argument, and whatever an interceptor answers.
  Result<void> prepare(Job& job) const;

  /// Sorted by name.
  std::vector<const CommandHandler*> handlers() const;

 private:
  struct Entry {
    const CommandHandler* handler = nullptr;
    std::string rivals = {};  // Not empty: two types handle this command.
  };

  Result<const CommandHandler*> find_handler(std::string_view name) const;
  Result<void> run_interceptors(Job& job) const;

  const Upcasters& upcasters_;
  std::map<std::string, Entry, std::less<>> handlers_;
  std::vector<Interceptor> interceptors_;
};

/// Puts what was sent into an empty job, and makes it an id if it has none.
void fill(Job& job, std::string_view target, AnyCommand command, CommandOptions options);

/// "command withdraw: why".
Error wrong(const Job& job, const std::string& why);

}  // namespace annals::internal
