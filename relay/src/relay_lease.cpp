#include "relay_lease.hpp"

#include <utility>

namespace annals::internal {

RelayLease::RelayLease(RelayCheckpoints& checkpoints, std::string topic,
                       std::chrono::milliseconds lease)
    : checkpoints_(checkpoints), topic_(std::move(topic)), lease_(lease), me_(make_holder()) {}

Result<bool> RelayLease::claim(const Checkpoint& begin, const Clock& clock) {
  const Moment now = clock();
  auto loaded = checkpoints_.load(topic_);
  if (!loaded) return std::move(loaded).error();
  held_since_.reset();
  RelayRecord next;
  if (*loaded) {
    const bool news = !seen_ || seen_->revision != (*loaded)->revision;
    seen_ = *std::move(*loaded);
    if (news) seen_at_ = clock();  // It may have been written while it was read.
    const bool run_out = now - seen_at_ >= seen_->lease;
    if (seen_->holder && !run_out && may_be_alive(*seen_->holder)) return false;
    next = *seen_;
  } else {
    next.topic = topic_;
    next.checkpoint = begin;
  }
  ++next.epoch;
  next.holder = me_;
  next.lease = lease_;
  next.failure.clear();
  return write(std::move(next), now);
}

Result<bool> RelayLease::save(Moment now) { return write(record_, now); }

void RelayLease::release(Moment now) {
  if (!held_since_) return;
  RelayRecord next = record_;
  next.holder.reset();
  // Who cannot say that he is gone is found to be gone when the lease runs out.
  if (auto released = write(next, now)) held_since_.reset();
}

bool RelayLease::holds(Moment now) const { return held_since_ && now - *held_since_ < lease_; }

Result<bool> RelayLease::write(RelayRecord next, Moment now) {
  ++next.revision;
  next.updated_at = system_clock()->now();
  auto written = checkpoints_.replace(next);
  if (!written && written.error().code == ErrorCode::outcome_unknown) {
    auto there = checkpoints_.load(topic_);
    if (!there) return std::move(there).error();
    if (*there && **there == next) {
      written = true;
    } else if (*there && (*there)->revision < next.revision) {
      return Error{ErrorCode::unavailable, std::move(written).error().message};
    } else {
      written = false;
    }
  }
  if (!written) return std::move(written).error();
  if (!*written) {
    held_since_.reset();
    return false;
  }
  seen_ = next;
  seen_at_ = now;
  held_since_ = now;
  record_ = std::move(next);
  return true;
}

}  // namespace annals::internal
