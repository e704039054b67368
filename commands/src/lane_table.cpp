#include "lane_table.hpp"

#include <algorithm>
#include <utility>

namespace annals::internal {

namespace {

// No stream name begins with a control character, so the two kinds of keys cannot meet. Every list
// and text carries its length: different queries have different keys.
std::string key_of(const Query& query) {
  std::string key(1, '\0');
  const auto add = [&key](const std::vector<std::string>& texts) {
    key += std::to_string(texts.size()) + ':';
    for (const std::string& text : texts) key += std::to_string(text.size()) + ':' + text;
  };
  for (const QueryItem& item : query.items) {
    add(item.streams);
    add(item.categories);
    add(item.types);
    add(item.tags);
  }
  return key;
}

}  // namespace

bool LaneTable::enter(Job& job) {
  const auto& aggregates = job.boundary.aggregates();
  std::vector<std::string> query_keys;
  for (const Boundary::Selection& selection : job.boundary.queries()) {
    std::string key = key_of(selection.query);
    if (std::find(query_keys.begin(), query_keys.end(), key) == query_keys.end()) {
      query_keys.push_back(std::move(key));
    }
  }
  job.tickets.resize(aggregates.size() + query_keys.size());

  const std::lock_guard lock(mutex_);
  job.lanes_missing = 0;
  for (std::size_t i = 0; i < job.tickets.size(); ++i) {
    Lane& lane =
        lane_of(i < aggregates.size() ? aggregates[i].stream : query_keys[i - aggregates.size()]);
    Lane::Ticket& ticket = job.tickets[i];
    ticket = {.job = &job, .lane = &lane};
    if (lane.first == nullptr) {
      if (lane.idle) take_from_idle(lane);
      lane.first = &ticket;
    } else {
      lane.last->next = &ticket;
      ++job.lanes_missing;
    }
    lane.last = &ticket;
  }
  return job.lanes_missing == 0;
}

std::vector<Job*> LaneTable::leave(Job& job) {
  std::vector<Job*> ready;
  const std::lock_guard lock(mutex_);
  for (const Lane::Ticket& ticket : job.tickets) {
    Lane& lane = *ticket.lane;
    lane.first = ticket.next;
    if (lane.first == nullptr) {
      lane.last = nullptr;
      put_idle(lane);
      continue;
    }
    Job& next = *lane.first->job;
    if (--next.lanes_missing > 0) continue;
    if (next.waker == nullptr) {
      ready.push_back(&next);
    } else {
      next.granted = true;
      next.waker->notify_one();  // With the lock held: its owner leaves as soon as it sees this.
    }
  }
  return ready;
}

void LaneTable::await(Job& job) {
  std::unique_lock lock(mutex_);
  job.waker->wait(lock, [&job] { return job.granted; });
}

std::size_t LaneTable::cached_states() const {
  const std::lock_guard lock(mutex_);
  return idle_count_;
}

Lane& LaneTable::lane_of(std::string_view key) {
  const auto found = lanes_.find(key);
  if (found != lanes_.end()) return *found->second;
  auto lane = std::make_unique<Lane>(Lane{.key = std::string(key)});
  return *lanes_.emplace(std::string(key), std::move(lane)).first->second;
}

void LaneTable::put_idle(Lane& lane) {
  if (!lane.state || idle_max_ == 0) {
    lanes_.erase(lanes_.find(std::string_view(lane.key)));
    return;
  }
  lane.idle = true;
  lane.idle_before = nullptr;
  lane.idle_after = newest_idle_;
  (newest_idle_ != nullptr ? newest_idle_->idle_before : oldest_idle_) = &lane;
  newest_idle_ = &lane;
  if (++idle_count_ <= idle_max_) return;
  Lane& oldest = *oldest_idle_;
  take_from_idle(oldest);
  lanes_.erase(lanes_.find(std::string_view(oldest.key)));
}

void LaneTable::take_from_idle(Lane& lane) {
  (lane.idle_before != nullptr ? lane.idle_before->idle_after : newest_idle_) = lane.idle_after;
  (lane.idle_after != nullptr ? lane.idle_after->idle_before : oldest_idle_) = lane.idle_before;
  lane.idle_before = nullptr;
  lane.idle_after = nullptr;
  lane.idle = false;
  --idle_count_;
}

}  // namespace annals::internal
