#include "written_streams.hpp"

#include <algorithm>
#include <string>

namespace annals::internal {

void WrittenStreams::add(std::string_view stream, StreamVersion version) {
  if (!written_.empty() && written_.back().first == stream) {
    written_.back().second = version;
  } else {
    written_.emplace_back(stream, version);
  }
}

std::vector<Receipt::Written> WrittenStreams::take() {
  std::sort(written_.begin(), written_.end());
  std::vector<Receipt::Written> last;
  for (std::size_t i = 0; i < written_.size(); ++i) {
    if (i + 1 < written_.size() && written_[i + 1].first == written_[i].first) continue;
    last.push_back({std::string(written_[i].first), written_[i].second});
  }
  written_.clear();
  return last;
}

}  // namespace annals::internal
