#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/error.hpp>

namespace annals::internal {

/// Why a record is no relay's: `corrupt`.
Error refused_record(std::string_view why);
/// A header is missing, or its value says nothing that it may say. Of a value that anybody may have
/// put there only the beginning is quoted, what is not plain text as \xNN.
Error refused_header(std::string_view name, const std::optional<std::string_view>& value);

/// At most 64 bytes of it, as plain text.
std::string quoted(std::string_view text);

}  // namespace annals::internal
