#include "attempt.hpp"

#include "written_streams.hpp"

namespace annals::internal {

void Attempt::finish() {
  if (state != State::settled || !outcome->has_value() || entry.count == 0) return;
  WrittenStreams written;
  for (const RecordKeys& keys : append.keys) written.add(keys.stream, keys.version);
  (*outcome)->versions = written.take();
}

}  // namespace annals::internal
