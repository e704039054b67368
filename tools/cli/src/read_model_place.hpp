/// @file
/// Where read models are: a file, or a database's URL.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <annals/projections/read_model_store.hpp>

namespace annals::cli {

enum class ReadModelAccess : std::uint8_t {
  read,
  change,  ///< They must be there.
  make,    ///< And are made if they are not.
};

/// Whether nothing can be there: a file that does not exist. Of a database only a server can tell.
bool is_missing_file(const std::string& place);

/// The read models there. What follows a '#' in the URL of a PostgreSQL database names the schema,
/// read_models if none does.
///
/// Errors: those of the engine; unavailable (a database, in a program built without).
Result<std::unique_ptr<ReadModelStore>> open_read_models(const std::string& place,
                                                         ReadModelAccess access);

}  // namespace annals::cli
