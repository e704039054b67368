#include "news_listener.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "commit_news.hpp"

#include <poll.h>

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between looks without news: where news are heard, and where they cannot be.
constexpr milliseconds hearing(250);
constexpr milliseconds deaf(20);
constexpr milliseconds listen_again_after(1000);

}  // namespace

Result<std::optional<std::vector<CheckpointRecord>>> NewsListener::listen(
    int wake, steady_clock::time_point until) {
  if (sleep(wake, until)) return std::optional<std::vector<CheckpointRecord>>();
  auto connection = database_.reader();
  if (!connection) return std::move(connection).error();
  auto records = database_.checkpoints().all(**connection);
  if (!records) return std::move(records).error();
  return std::optional(wholes_of(*records));
}

// Until something may have happened. True: only `wake` was heard.
bool NewsListener::sleep(int wake, steady_clock::time_point until) {
  const auto now = steady_clock::now();
  if ((!connection_ || connection_->lost()) && now >= listen_again_at_) {
    connection_.reset();
    listen_again_at_ = now + listen_again_after;
    auto listening = CommitNews::listen(database_);
    if (listening) {
      connection_ = *std::move(listening);
      return false;  // Whoever committed before has told nobody.
    }
  }
  const bool hears = connection_ && !connection_->lost();
  const auto left = std::chrono::ceil<milliseconds>(until - now);
  const auto pause = std::clamp(left, milliseconds(0), hears ? hearing : deaf);
  std::array<pollfd, 2> sources{
      {{wake, POLLIN, 0}, {hears ? connection_->socket() : -1, POLLIN, 0}}};
  const int ready = ::poll(sources.data(), sources.size(), static_cast<int>(pause.count()));
  // A lost one is seen by this, and another is opened.
  if (hears && sources[1].revents != 0 && !connection_->take_notifications()) connection_.reset();
  return ready > 0 && sources[1].revents == 0;
}

}  // namespace annals::internal
