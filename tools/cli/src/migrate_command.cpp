#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "table.hpp"

namespace annals::cli {

Result<int> migrate_database(const std::string& address, Format format, Output& output) {
  const auto migrated = migrate_store(address);
  if (!migrated) return migrated.error();
  const auto [from, to] = *migrated;
  const std::string outcome = from == 0 ? "made" : from < to ? "migrated" : "up to date";
  if (format == Format::json) {
    JsonObject object;
    object.text("outcome", outcome).text("store", shown_address(address));
    if (from > 0) object.number("from_version", static_cast<std::uint64_t>(from));
    output.line(object.number("version", static_cast<std::uint64_t>(to)).finish());
    return exit_ok;
  }
  output.line(
      outcome + ": " + printable(shown_address(address)) + ", " +
      (outcome == "migrated" ? "from version " + std::to_string(from) + " to " : "version ") +
      std::to_string(to));
  return exit_ok;
}

}  // namespace annals::cli
