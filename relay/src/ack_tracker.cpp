#include "ack_tracker.hpp"

namespace annals::internal {

AckTracker::AckTracker(Published begin, PlantedBug bug) : published_(std::move(begin)), bug_(bug) {
  published_.last_offsets.resize(published_.last_positions.size(), -1);
}

std::uint64_t AckTracker::add(Produced record) {
  const std::uint64_t number = reserve(1);
  put(number, std::move(record));
  return number;
}

std::uint64_t AckTracker::reserve(std::size_t count) {
  const std::uint64_t number = next();
  entries_.resize(entries_.size() + count);
  return number;
}

void AckTracker::put(std::uint64_t number, Produced record) {
  waiting_bytes_ += record.bytes;
  ++waiting_records_;
  entries_[number - first_] = {.record = std::move(record), .state = Entry::State::waiting};
}

bool AckTracker::acknowledge(std::uint64_t number, std::int64_t offset) {
  if (number < first_ || number - first_ >= entries_.size()) return false;
  Entry& acknowledged = entries_[number - first_];
  if (acknowledged.state != Entry::State::waiting) return false;
  acknowledged.state = Entry::State::acknowledged;
  acknowledged.record.offset = offset;
  waiting_bytes_ -= acknowledged.record.bytes;
  --waiting_records_;
  ++(acknowledged.record.watermark ? watermarks_ : events_);
  const bool at_once = bug_ == PlantedBug::checkpoint_not_contiguous;
  if (at_once && acknowledged.record.position > published_.position) take(acknowledged.record);
  while (!entries_.empty() && entries_.front().state == Entry::State::acknowledged) {
    if (!at_once) take(entries_.front().record);
    entries_.pop_front();
    ++first_;
  }
  return true;
}

void AckTracker::take(const Produced& record) {
  begun_.push_back({record.partition, record.position, record.offset});
  if (!record.end) return;
  for (const auto& [partition, position, offset] : begun_) {
    if (position > record.position) continue;  // Only where the bug is planted.
    published_.last_positions[partition] = position;
    published_.last_offsets[partition] = offset;
  }
  begun_.clear();
  published_.position = record.position;
  published_.link = record.end;
}

std::optional<GlobalPosition> AckTracker::position_of(std::uint64_t number) const {
  if (number < first_ || number - first_ >= entries_.size()) return std::nullopt;
  return entries_[number - first_].record.position;
}

}  // namespace annals::internal
