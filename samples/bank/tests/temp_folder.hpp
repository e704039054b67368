/// @file
/// A folder for one test, gone when the test is over.

#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

namespace bank {

class TempFolder {
 public:
  TempFolder() : path_((std::filesystem::temp_directory_path() / "bank-test-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace bank
