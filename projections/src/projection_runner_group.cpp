// What a runner does in a group, where a source deals partitions out.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "projection_runner_impl.hpp"

namespace annals {

namespace {

// How long it is waited for commits in flight when partitions are taken away. Whoever gets one that
// is not ended by then waits for its lease.
constexpr std::chrono::seconds recall_max{5};

}  // namespace

Result<void> ProjectionRunner::Impl::add_to_group(const ProjectionType& projection,
                                                  const PartitionedSource& source) {
  const auto count = source.partitions();
  if (!count) return count.error();
  const Partition first{0, *count, SplitBy::stream};
  auto records = rows_.records();
  if (!records) return std::move(records).error();
  const auto known = std::find_if(records->begin(), records->end(), [&](const auto& record) {
    return record.projection == projection.name;
  });
  // Now, since the first claim comes when Kafka deals a partition out.
  auto can = check_definition(projection, first, known == records->end() ? nullptr : &*known,
                              rows_.name());
  if (!can) return can;
  auto share = std::make_unique<internal::GroupShare>(rows_, projection, make_holder());
  internal::GroupShare& of_group = *share;
  auto entry = enter(projection, std::move(share));
  if (!entry) return std::move(entry).error();
  const std::string_view name = (*entry)->name;
  auto member = source.join(
      {.consumer = std::string(name),
       .cursors = [this, name, count = *count]() -> Result<std::vector<std::string>> {
         auto records = rows_.records();
         if (!records) return std::move(records).error();
         std::vector<std::string> cursors(count);
         for (CheckpointRecord& record : *records) {
           if (record.projection != name || record.partition.index >= count) continue;
           cursors[record.partition.index] = std::move(record.cursor);
         }
         return cursors;
       },
       .given = [this, name](std::uint32_t partition) { hurry(name, partition); },
       .taken_away =
           [this, name](std::span<const std::uint32_t> partitions) { recall(name, partitions); }});
  if (!member) {
    {
      const std::lock_guard lock(mutex_);
      entries_.erase(entries_.find(name));
    }
    changed_.notify_all();
    return std::move(member).error();
  }
  of_group.set_member(**member);
  {
    const std::lock_guard lock(mutex_);
    (*entry)->member = *std::move(member);
    for (std::uint32_t i = 0; i < *count; ++i) {
      add_part(**entry, projection, (*entry)->member->partition(i), {i, *count, SplitBy::stream});
    }
    (*entry)->parts.front()->running = true;
  }
  return begin(**entry);
}

void ProjectionRunner::Impl::hurry(std::string_view projection, std::uint32_t partition) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(projection);
  if (found == entries_.end() || partition >= found->second->parts.size()) return;
  found->second->parts[partition]->due = SteadyClock::now();
  work_.notify_one();
}

void ProjectionRunner::Impl::recall(std::string_view projection,
                                    std::span<const std::uint32_t> partitions) {
  std::unique_lock lock(mutex_);
  // Looked up each time: an entry goes when its first step is refused.
  const auto part = [&](std::uint32_t partition) -> Part* {
    const auto found = entries_.find(projection);
    if (found == entries_.end() || partition >= found->second->parts.size()) return nullptr;
    return found->second->parts[partition].get();
  };
  const auto is_given_back = [&](std::uint32_t partition) {
    const Part* now = part(partition);
    return now == nullptr || (!now->running && !now->claimed);
  };
  for (const std::uint32_t partition : partitions) {
    if (is_given_back(partition)) continue;
    part(partition)->recalled = true;
    part(partition)->due = SteadyClock::now();
  }
  work_.notify_all();
  changed_.wait_for(lock, recall_max, [&] {
    return stopping_ || std::all_of(partitions.begin(), partitions.end(), is_given_back);
  });
}

}  // namespace annals
