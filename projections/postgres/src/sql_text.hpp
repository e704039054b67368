#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>

namespace annals::internal {

/// SQL as a user wrote it, taken apart just far enough: what stands in texts, quoted names and
/// comments is left alone.
struct SqlText {
  std::string text;            ///< With $1, $2, … for ?1, ?2, …
  std::size_t parameters = 0;  ///< The highest of them.
  std::vector<std::string>
      words;                  ///< Names and keywords in lower case, and quoted names as they are.
  std::size_t semicolon = 0;  ///< Where its first statement ends; text.size(): it has no ';'.
  bool more = false;          ///< Something but comments comes after the first ';'.
};

/// Errors: invalid_argument (a text or comment that does not end; a name in Unicode escapes, whose
/// letters we would not see).
Result<SqlText> read_sql(std::string_view sql);

/// A script's statements, each without its ';'. Errors: as read_sql.
Result<std::vector<std::string>> statements_of(std::string_view script);

}  // namespace annals::internal
