/// @file
/// A folder that goes away with its owner.

#pragma once

#include <string>

namespace annals::testkit {

/// A new empty folder under TMPDIR (or /tmp), removed with all it holds by the destructor.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  /// "path/name".
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace annals::testkit
