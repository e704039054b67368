#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <annals/eventstore/append.hpp>

namespace annals::internal {

/// Collects the last version of each written stream, for a receipt. Add events in position order;
/// names must live until take().
class WrittenStreams {
 public:
  void add(std::string_view stream, StreamVersion version);
  /// Sorted by name.
  std::vector<Receipt::Written> take();

 private:
  std::vector<std::pair<std::string_view, StreamVersion>> written_;
};

}  // namespace annals::internal
