/// @file
/// Text from elsewhere made UTF-8.

#pragma once

#include <string>
#include <string_view>

namespace annals::internal {

/// `text` with U+FFFD in the place of each byte that belongs to no character of UTF-8.
std::string with_whole_characters(std::string_view text);

}  // namespace annals::internal
