/// @file
/// Schemas that come and go with what is measured. Only in a program that is built with PostgreSQL.

#pragma once

#include <string>

#include <annals/eventstore/result.hpp>

namespace annals::bench {

/// A name that nobody has.
std::string new_schema_name();
/// Errors: unavailable, with the server's message.
Result<void> run_script(const std::string& url, const std::string& sql);
/// What is left behind should it fail is named for this program, and harmless.
void drop_schema(const std::string& url, const std::string& schema);

}  // namespace annals::bench
