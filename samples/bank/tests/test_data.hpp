/// @file
/// Where tests find their data, and how random ones get their seed.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace bank {

/// samples/bank/data/NAME.
inline std::string sample_data(const std::string& name) {
  return std::string(ANNALS_SOURCE_DIR) + "/samples/bank/data/" + name;
}

/// The folder of the data that may not be copied: ANNALS_TEST_DATA, or the default.
inline std::string external_data_folder() {
  const char* folder = std::getenv("ANNALS_TEST_DATA");
  return folder != nullptr ? folder : ANNALS_TEST_DATA_DEFAULT;
}

/// Whether the long runs are asked for.
inline bool soak() { return std::getenv("ANNALS_SOAK") != nullptr; }

}  // namespace bank

/// Sets `path` to a file of the external data, or skips the test and says why.
#define BANK_EXTERNAL_DATA(path, name)                                                     \
  const std::string path = ::bank::external_data_folder() + "/" + (name);                  \
  if (!std::filesystem::exists(path)) {                                                    \
    GTEST_SKIP() << "SKIPPED: there is no " << path                                        \
                 << "; set ANNALS_TEST_DATA to the folder of data that may not be copied"; \
  }
