#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string_view>

#include <annals/eventstore/file_system.hpp>

namespace annals::crash {

/// Where in the life of a group of appends the process kills itself.
enum class KillPoint : std::uint8_t {
  never,
  before_write,
  in_write,  ///< Half of the group is written.
  after_write,
  after_sync,  ///< Durable, and nobody has been told: not even the mark.
  after_mark,  ///< Durable, and the caller has not been told.
};

std::string_view to_string(KillPoint point);
/// How tests show it.
void PrintTo(KillPoint point, std::ostream* out);
KillPoint kill_point_of(std::string_view name);

/// The operating system's files, and SIGKILL at the nth group, counted from when it is made.
std::shared_ptr<FileSystem> dying_file_system(KillPoint point, std::uint64_t nth);

}  // namespace annals::crash
