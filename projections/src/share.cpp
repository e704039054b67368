#include "share.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace annals::internal {

namespace {

// As often as a projector that stands by asks.
constexpr std::chrono::milliseconds ask_every(100);

bool is_held(const CheckpointRecord& record) {
  return record.holder && record.leased && may_be_alive(*record.holder);
}

// One that has halted is nobody's share: whoever has not tried it yet may.
bool counts(const CheckpointRecord& record) { return record.failure.empty(); }

}  // namespace

ShareRule::ShareRule(std::span<const CheckpointRecord> records, const Holder& self,
                     const std::set<std::uint32_t>& granted)
    : records_(records) {
  workers_.push_back({self});
  std::size_t partitions = 0;
  for (const CheckpointRecord& record : records_) {
    if (!counts(record)) continue;
    ++partitions;
    const bool mine = granted.contains(record.partition.index);
    const bool wanted = record.wanted_by && may_be_alive(*record.wanted_by);
    if (is_held(record) || mine) {
      Worker& holder = worker(mine ? self : *record.holder);
      ++holder.held;
      if (wanted && *record.wanted_by != holder.holder) ++holder.given_up;
    }
    if (wanted && !(mine && *record.wanted_by == self)) ++worker(*record.wanted_by).asked_for;
  }
  least_ = partitions / workers_.size();
  most_ = (partitions + workers_.size() - 1) / workers_.size();
}

ShareRule::Worker& ShareRule::worker(const Holder& holder) {
  const auto found = std::find_if(workers_.begin(), workers_.end(),
                                  [&](const Worker& w) { return w.holder == holder; });
  return found != workers_.end() ? *found : workers_.emplace_back(Worker{holder});
}

Result<void> ShareRule::may_claim(const CheckpointRecord& record) const {
  const Worker& self = workers_.front();
  if (auto free = check_free(record, self.holder); !free) return free;
  // Halted; or its own, of which only the answer to a claim or a commit was lost; or asked for.
  const bool own = record.holder == self.holder || record.wanted_by == self.holder;
  if (!counts(record) || own || self.held < least_) return {};
  const bool others_first = std::any_of(workers_.begin() + 1, workers_.end(),
                                        [&](const Worker& other) { return is_due_more(other); });
  if (self.held < most_ && !others_first) return {};
  return Error{.code = ErrorCode::unavailable,
               .message = "projection " + record.projection + ", " + to_string(record.partition) +
                          ", is left to another worker: there are " +
                          std::to_string(workers_.size())};
}

std::optional<Partition> ShareRule::to_ask_for() const {
  if (!is_due_more(workers_.front())) return std::nullopt;
  const auto is_free = [&](const CheckpointRecord& record) {
    return counts(record) && record.holder != workers_.front().holder &&
           may_claim(record).has_value();
  };
  if (std::any_of(records_.begin(), records_.end(), is_free)) return std::nullopt;
  const auto most = std::max_element(
      workers_.begin() + 1, workers_.end(),
      [](const Worker& a, const Worker& b) { return a.held - a.given_up < b.held - b.given_up; });
  if (most == workers_.end() || most->held - most->given_up <= least_) return std::nullopt;
  for (const CheckpointRecord& record : records_) {
    const bool asked_for = record.wanted_by && may_be_alive(*record.wanted_by);
    if (counts(record) && record.holder == most->holder && !asked_for) return record.partition;
  }
  return std::nullopt;
}

Result<bool> SeenRecords::look() {
  const auto now = Clock::now();
  if (looked_at_ && now - *looked_at_ < ask_every) return false;
  auto records = rows_.records();
  if (!records) return std::move(records).error();
  looked_at_ = now;
  records_.clear();
  for (CheckpointRecord& record : *records) {
    if (record.projection == projection_.name) records_.push_back(std::move(record));
  }
  return true;
}

const CheckpointRecord* SeenRecords::find(Partition partition) const {
  const auto found = std::find_if(records_.begin(), records_.end(), [&](const auto& record) {
    return record.partition.index == partition.index;
  });
  return found == records_.end() ? nullptr : &*found;
}

GlobalPosition Share::position_of(Partition partition) const {
  const std::lock_guard lock(mutex_);
  const CheckpointRecord* record = seen_.find(partition);
  return record != nullptr && record->partition == partition ? record->position()
                                                             : GlobalPosition{};
}

Result<void> RecordShare::look() {
  auto looked = seen_.look();
  if (!looked) return std::move(looked).error();
  if (!*looked) return {};
  granted_.clear();
  if (const auto wish = ShareRule(seen_.all(), worker_, granted_).to_ask_for()) {
    // If somebody was quicker, the next look tells.
    static_cast<void>(rows_.ask_for(projection_.name, *wish, worker_, lease_));
  }
  return {};
}

Result<void> RecordShare::may_claim(Partition partition) {
  const std::lock_guard lock(mutex_);
  if (auto looked = look(); !looked) return looked;
  const CheckpointRecord* record = seen_.find(partition);
  // New, or of other partitions or another definition: the claim says what is to be said.
  if (record == nullptr || !check_definition(projection_, partition, record, rows_.name())) {
    return {};
  }
  auto may = ShareRule(seen_.all(), worker_, granted_).may_claim(*record);
  if (may) granted_.insert(partition.index);
  return may;
}

void RecordShare::withdraw() {
  auto records = rows_.records();
  if (!records) return;  // Then they end by themselves.
  for (const CheckpointRecord& record : *records) {
    if (record.projection != projection_.name || record.wanted_by != worker_) continue;
    static_cast<void>(rows_.ask_for(record.projection, record.partition, worker_, {}));
  }
}

Result<void> GroupShare::may_claim(Partition partition) {
  if (member_->holds(partition.index)) return {};
  const std::lock_guard lock(mutex_);
  // For its position; if that cannot be had, the last one stands.
  static_cast<void>(seen_.look());
  const std::string why = member_->last_error();
  return Error{.code = ErrorCode::unavailable,
               .message = to_string(partition) +
                          " is with another member of the group, or with none yet" +
                          (why.empty() ? "" : ": " + why)};
}

}  // namespace annals::internal
