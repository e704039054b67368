/// @file
/// Errors as one line for a person.

#pragma once

#include <string>
#include <string_view>

#include <annals/eventstore/error.hpp>

namespace annals::cli {

/// "annals: corrupt: …, file F, offset N; run annals verify DIR …": code, message, place, remedy.
std::string complaint(std::string_view program, const Error& error);

}  // namespace annals::cli
