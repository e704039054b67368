#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace annals::internal {

/// What the members of consumer groups were told last, by their groups' names. Thread-safe.
class GroupErrors {
 public:
  /// Empty: all is well.
  void note(const std::string& group, std::string error) {
    const std::lock_guard lock(mutex_);
    if (error.empty()) {
      errors_.erase(group);
    } else {
      errors_.insert_or_assign(group, std::move(error));
    }
  }
  /// Of one group; empty: all is well.
  std::string of(const std::string& group) const {
    const std::lock_guard lock(mutex_);
    const auto found = errors_.find(group);
    return found == errors_.end() ? "" : found->second;
  }
  /// Of any group; empty: all is well.
  std::string any() const {
    const std::lock_guard lock(mutex_);
    return errors_.empty() ? "" : errors_.begin()->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> errors_;
};

}  // namespace annals::internal
