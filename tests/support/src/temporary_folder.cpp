#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <annals/eventstore/assert.hpp>
#include <annals/testkit/temporary_folder.hpp>

namespace annals::testkit {

TemporaryFolder::TemporaryFolder() {
  const char* parent = std::getenv("TMPDIR");
  path_ = std::string(parent != nullptr && *parent != '\0' ? parent : "/tmp") + "/annals-XXXXXX";
  ANNALS_ASSERT(::mkdtemp(path_.data()) != nullptr, "cannot make " + path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace annals::testkit
