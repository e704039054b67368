/// @file
/// A cached fold of one stream.

#pragma once

#include <cstdint>
#include <string>

#include <annals/eventstore/digest.hpp>
#include <annals/eventstore/position.hpp>

namespace annals {

/// The state of `stream` after its event `version`, as bytes that only its owner understands. A
/// cache: it may be lost or ignored at any time, and a fold gives the same again.
struct Snapshot {
  std::string stream;
  StreamVersion version;    ///< Of the last event folded in.
  GlobalPosition position;  ///< Of that event.
  Link link;                ///< Of the append that holds it; if the log disagrees, it is ignored.
  std::uint64_t fingerprint = 0;  ///< Of the state's shape and its fold; the owner compares it.
  std::string data;               ///< At most Limits::data_bytes_ceiling.
};

}  // namespace annals
