#include <algorithm>
#include <iterator>
#include <utility>

#include <annals/projections/checkpoint_record.hpp>

namespace annals {

std::optional<CheckpointRecord> whole_of(std::span<const CheckpointRecord> partitions) {
  if (partitions.empty()) return std::nullopt;
  CheckpointRecord whole =
      *std::min_element(partitions.begin(), partitions.end(),
                        [](const auto& a, const auto& b) { return a.position() < b.position(); });
  if (partitions.size() == 1) return whole;
  for (const CheckpointRecord& record : partitions) {
    whole.epoch = std::max(whole.epoch, record.epoch);
    whole.updated_at = std::max(whole.updated_at, record.updated_at);
    if (!whole.failure.empty() || record.failure.empty()) continue;
    whole.failure = record.failure;
  }
  return whole;
}

std::vector<CheckpointRecord> wholes_of(std::span<const CheckpointRecord> records) {
  std::vector<CheckpointRecord> wholes;
  while (!records.empty()) {
    const auto end = std::find_if(records.begin(), records.end(), [&](const auto& record) {
      return record.projection != records.front().projection;
    });
    const auto size = static_cast<std::size_t>(std::distance(records.begin(), end));
    wholes.push_back(*whole_of(records.first(size)));
    records = records.subspan(size);
  }
  return wholes;
}

bool is_settled(std::span<const CheckpointRecord> partitions, GlobalPosition position) {
  bool reached = true;
  for (const CheckpointRecord& record : partitions) {
    if (record.checkpoint && record.position() >= position) continue;
    if (!record.failure.empty()) return true;
    reached = false;
  }
  return reached;
}

}  // namespace annals
