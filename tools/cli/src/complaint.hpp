/// @file
/// Errors as one line for a person.

#pragma once

#include <string>
#include <string_view>

#include <annals/eventstore/error.hpp>

namespace annals::cli {

/// "annals: corrupt: …, file F, offset N; run annals verify DIR …": code, message, place, remedy.
std::string complaint(std::string_view program, const Error& error);

/// Whether a folder was not opened because its file `mark` is missing or no mark of the store.
bool is_lost_mark(const Error& error);

}  // namespace annals::cli
