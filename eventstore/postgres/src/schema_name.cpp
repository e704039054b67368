#include "schema_name.hpp"

#include <algorithm>
#include <cstdint>

#include <annals/postgres/connection.hpp>

#include "sha256.hpp"

namespace annals::internal {

namespace {

constexpr std::size_t name_bytes_max = 40;  // So that the channel's name fits 63.
constexpr std::int32_t lock_family = 0x616E6E61;

std::string replaced(std::string_view text, std::string_view word, std::string_view by) {
  std::string made;
  while (true) {
    const std::size_t at = text.find(word);
    made += text.substr(0, at);
    if (at == std::string_view::npos) return made;
    made += by;
    text.remove_prefix(at + word.size());
  }
}

}  // namespace

Result<SchemaName> SchemaName::of(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= name_bytes_max &&
                    !(name.front() >= '0' && name.front() <= '9') && !name.starts_with("pg_") &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                    });
  if (!fits) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message =
                     "PostgresOptions::schema: 1 to 40 of a-z, 0-9 and _, not beginning "
                     "with a digit or pg_"};
  }
  const Digest digest = sha256(name);
  std::uint32_t bits = 0;
  for (int i = 0; i < 4; ++i) bits = bits << 8U | digest.bytes[static_cast<std::size_t>(i)];
  const std::string number = std::to_string(static_cast<std::int32_t>(bits));
  return SchemaName{.plain = name,
                    .quoted = postgres::quoted_name(name),
                    .lock = std::to_string(lock_family) + ", " + number,
                    .migration_lock = std::to_string(lock_family + 1) + ", " + number,
                    .channel = "annals_" + name};
}

std::string SchemaName::in(std::string_view sql) const {
  return replaced(replaced(sql, "@schema", quoted), "@lock", lock);
}

}  // namespace annals::internal
