#include "commands.hpp"
#include "exit_code.hpp"

namespace annals::cli {

Result<int> migrate_database(const std::string& address, Output& output) {
  if (auto migrated = migrate_store(address); !migrated) return std::move(migrated).error();
  output.line("up to date: " + shown_address(address));
  return exit_ok;
}

}  // namespace annals::cli
