#include "packer.hpp"

#include <string>
#include <system_error>
#include <utility>

#include <sys/resource.h>

namespace annals::internal {
namespace {

/// So much nicer than others is the thread. On Linux that is a matter of each thread.
constexpr int niceness = 10;

}  // namespace

Packer::~Packer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Packer::add(const ManifestSegment& segment) {
  if (at_once_) return note(pack(segment, [](std::uint64_t) { return true; }));
  const std::lock_guard lock(mutex_);
  waiting_.push_back(segment);
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error& error) {
      failure_ = std::string("there is no thread to pack segments: ") + error.what();
      return;  // The next one tries again.
    }
    failure_.clear();
  }
  changed_.notify_all();
}

std::string Packer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Packer::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Packer::note(const Result<void>& result) {
  const std::lock_guard lock(mutex_);
  if (!result && !stopping_) failure_ = result.error().message;
}

Result<void> Packer::pack(const ManifestSegment& segment, const PackingProgress& progress) const {
  try {
    return pack_(segment, progress);
  } catch (const std::exception& error) {  // Memory may be short; the segment stays as it is.
    return Error{ErrorCode::unavailable,
                 std::string("a segment cannot be packed: ") + error.what()};
  }
}

void Packer::work() {
  (void)::setpriority(PRIO_PROCESS, 0, niceness);  // Only for others' speed.
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || stopping_; });
    if (stopping_) return;
    const ManifestSegment segment = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    note(pack(segment, [this](std::uint64_t) { return !stopping(); }));
    lock.lock();
  }
}

}  // namespace annals::internal
