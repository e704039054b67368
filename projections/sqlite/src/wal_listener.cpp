#include "wal_listener.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "checkpoint_table.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace annals::sqlite_rows {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between looks without news: where inotify tells, and where it cannot (no watches left).
constexpr milliseconds hearing(250);
constexpr milliseconds deaf(10);
constexpr int looks_after_news = 6;  // 1, 2, 4, 8, 16, 32 ms

}  // namespace

WalListener::WalListener(const Database& database)
    : database_(database), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

WalListener::~WalListener() {
  if (inotify_ >= 0) ::close(inotify_);
}

Result<std::optional<std::vector<CheckpointRecord>>> WalListener::listen(
    int wake, steady_clock::time_point until) {
  if (!hears_ && inotify_ >= 0) {
    const std::string wal = database_.path() + "-wal";
    hears_ = ::inotify_add_watch(inotify_, wal.c_str(), IN_MODIFY) >= 0;
  }
  // News come while a commit is being written: it can be seen a moment later.
  milliseconds pause = hears_ ? hearing : deaf;
  if (looks_left_ > 0) pause = milliseconds(1) * (1 << (looks_after_news - looks_left_));
  const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
  pause = std::clamp(left, milliseconds(0), pause);
  std::array<pollfd, 2> sources{{{wake, POLLIN, 0}, {inotify_, POLLIN, 0}}};
  static_cast<void>(::poll(sources.data(), sources.size(), static_cast<int>(pause.count())));
  looks_left_ = drain() ? looks_after_news : std::max(looks_left_ - 1, 0);
  return look();
}

// Asks a connection of its own: the number it compares changes with every commit of another one.
Result<std::optional<std::vector<CheckpointRecord>>> WalListener::look() {
  if (connection_ == nullptr) {
    auto opened = database_.open_reader();
    if (!opened) return std::move(opened).error();
    connection_ = *std::move(opened);
  }
  auto statement = connection_->prepared("PRAGMA data_version");
  if (!statement) return std::move(statement).error();
  std::int64_t version = 0;
  {
    const Running running(**statement);
    auto row = connection_->step(**statement);
    if (!row) return std::move(row).error();
    version = sqlite3_column_int64((*statement)->get(), 0);
  }
  if (version == seen_) return std::optional<std::vector<CheckpointRecord>>();
  auto records = all_records(*connection_);
  if (!records) return std::move(records).error();
  seen_ = version;
  return std::optional(wholes_of(*records));
}

bool WalListener::drain() {
  bool news = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (inotify_ >= 0) {
    const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
    if (size <= 0) break;
    news = true;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((event->mask & IN_IGNORED) != 0) hears_ = false;  // The file is gone; a new one may come.
      at += static_cast<ssize_t>(sizeof(inotify_event)) + static_cast<ssize_t>(event->len);
    }
  }
  return news;
}

}  // namespace annals::sqlite_rows
