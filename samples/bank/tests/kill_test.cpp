#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "generated_bank.hpp"
#include "killed_import.hpp"
#include "test_data.hpp"

namespace bank {
namespace {

TEST(Kill, AnImportOfAGeneratedBankLosesAndDoublesNothing) {
  const annals::testkit::TemporaryFolder folder;
  const std::uint64_t seed = annals::testkit::seed(9);
  const std::string file = folder.file("bank.csv");
  write_bank_file({.seed = seed}, file);
  killed_imports_lose_and_double_nothing(file, soak() ? 200 : 20, seed);
}

}  // namespace
}  // namespace bank
