#include "attempt.hpp"

namespace annals::internal {

void Attempt::finish() {
  if (state != State::settled || !outcome->has_value() || entry.count == 0) return;
  WrittenStreams written;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    written.add(append.request.events[i].stream, versions[i]);
  }
  (*outcome)->versions = written.take();
}

}  // namespace annals::internal
