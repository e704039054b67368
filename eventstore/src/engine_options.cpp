#include "engine_options.hpp"

#include <string>
#include <utility>

#include "eras.hpp"

namespace annals::internal {

Result<void> check_engine_options(std::string_view options, const Limits& limits,
                                  std::chrono::microseconds max_clock_skew,
                                  const std::optional<StoreIdentity>& identity) {
  const auto refuse = [](std::string message) {
    return Error{.code = ErrorCode::invalid_argument, .message = std::move(message)};
  };
  if (limits.data_bytes_max == 0 || limits.data_bytes_max > Limits::data_bytes_ceiling) {
    return refuse("Limits::data_bytes_max of " + std::to_string(limits.data_bytes_max) +
                  ": from 1 byte to 16 MiB");
  }
  if (max_clock_skew < std::chrono::microseconds::zero() ||
      max_clock_skew > std::chrono::hours(24 * 366)) {
    return refuse(std::string(options) + "::max_clock_skew: from 0 to a year");
  }
  if (identity && !are_eras(identity->eras)) {
    return refuse(std::string(options) + "::identity: eras begin with 1 after 0 and rise");
  }
  return {};
}

}  // namespace annals::internal
