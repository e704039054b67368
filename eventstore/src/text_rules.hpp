#pragma once

#include <string_view>

namespace annals::internal {

/// Says whether `text` is well-formed UTF-8 without control characters (U+0000 to U+001F and U+007F
/// to U+009F): fit to be printed and to be a name.
bool is_plain_text(std::string_view text) noexcept;

/// Says whether `bytes` begin with '{' and end with '}', blanks aside.
bool looks_like_object(std::string_view bytes) noexcept;

}  // namespace annals::internal
