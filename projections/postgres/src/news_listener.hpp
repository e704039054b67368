#pragma once

#include <memory>

#include <annals/projections/commit_watch.hpp>

#include "database.hpp"

namespace annals::internal {

/// Hears of others' commits through LISTEN, on a connection of its own that is opened anew when it
/// is lost, and looks now and then besides.
class NewsListener final : public CommitListener {
 public:
  explicit NewsListener(const Database& database) : database_(database) {}

  Result<std::optional<std::vector<CheckpointRecord>>> listen(
      int wake, std::chrono::steady_clock::time_point until) override;

 private:
  bool sleep(int wake, std::chrono::steady_clock::time_point until);

  const Database& database_;
  std::unique_ptr<postgres::Connection> connection_;
  std::chrono::steady_clock::time_point listen_again_at_ = {};
};

}  // namespace annals::internal
