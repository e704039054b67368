#pragma once

#include <chrono>
#include <string>

namespace annals::internal {

/// "75 s"; parts of a second are left out.
inline std::string seconds_text(std::chrono::microseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace annals::internal
