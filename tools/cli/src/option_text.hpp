#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <annals/eventstore/verify.hpp>

namespace annals::cli {

// What an option's text says. A text that says nothing of the kind ends the parsing of the command
// line with an error that names the option; so does refuse(). For use inside CLI11's callbacks.

[[noreturn]] void refuse(const std::string& option, const std::string& why);

/// A whole number in decimal digits. CLI11 itself would read "010" as eight.
std::uint64_t number(const std::string& option, std::string_view text);

/// Seconds, from 0 to a billion, which may have a fraction.
std::chrono::milliseconds seconds(const std::string& option, const std::string& text);

/// POSITION:LINK as verify prints it.
ExpectedLink expected_link(const std::string& option, const std::string& text);

}  // namespace annals::cli
