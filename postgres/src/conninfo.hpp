#pragma once

#include <optional>
#include <string>

#include <annals/postgres/connection.hpp>

namespace annals::postgres {

/// What libpq is told: the URL's own words, and ours where it has none.
struct Conninfo {
  std::string text;
  std::string password;  // Empty: none in the URL.
};

/// Nothing: the URL cannot be read.
std::optional<Conninfo> conninfo_of(const ConnectionOptions& options);

}  // namespace annals::postgres
