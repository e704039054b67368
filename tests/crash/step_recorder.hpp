#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <annals/eventstore/file_system.hpp>

namespace annals::crash {

/// A FileSystem that notes what it is doing in a small shared file, so that whoever killed the
/// process can see what it was at. Bytes written as memory are not noted.
std::shared_ptr<FileSystem> step_recorder(std::shared_ptr<FileSystem> files,
                                          const std::string& notes);

/// What the process was at when it ended, such as "write segment"; empty: between two operations.
/// Several, since threads do several things.
std::vector<std::string> steps_under_way(const std::string& notes);

}  // namespace annals::crash
