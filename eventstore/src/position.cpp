#include <annals/eventstore/position.hpp>

namespace annals {

std::string to_string(StreamVersion version) { return std::to_string(version.value); }
std::string to_string(GlobalPosition position) { return std::to_string(position.value); }

std::string to_string(ExpectedVersion expected) {
  switch (expected.kind()) {
    case ExpectedVersion::Kind::exactly: return "version " + to_string(expected.version());
    case ExpectedVersion::Kind::no_stream: return "no stream";
    case ExpectedVersion::Kind::stream_exists: return "an existing stream";
    case ExpectedVersion::Kind::any: return "any version";
  }
  return "unknown";
}

}  // namespace annals
