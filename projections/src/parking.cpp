#include "parking.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace annals::internal {

Result<void> Parking::load(const ReadModelStore& rows, const CheckpointRecord& record) {
  keys_.clear();
  tries_ = 0;
  pending_ = false;
  if (record.parked_keys == 0) return {};
  auto transaction = rows.read();
  if (!transaction) return std::move(transaction).error();
  auto parked = parked_keys(**transaction, projection_.name);
  if (!parked) return std::move(parked).error();
  for (const ParkedKey& key : *parked) {
    if (key.key_hash % record.partition.count != record.partition.index) continue;
    keys_.add(key.row, key.events);
  }
  return {};
}

ParkingMode Parking::next_try() const {
  return {.keys = keys_.keys() > 0 ? &keys_ : nullptr,
          .park_after_tries = tries_ == 0 ? 0 : std::min(tries_ + 1, tries_max_)};
}

Result<void> Parking::admit(const BatchFold& fold) {
  const std::vector<ParkedEvent>& events = fold.parked();
  const bool last_try = tries_ + 1 >= tries_max_;
  std::set<std::pair<std::string_view, std::string_view>> fresh;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const ParkedEvent& event = events[i];
    const bool failed = !event.failure.empty();
    if (failed && !last_try) {
      failed_at_a_row();
      return Error{
          .code = ErrorCode::corrupt, .message = event.failure, .position = event.position};
    }
    if (failed) fresh.emplace(event.row.table, event.row.key);
    if (keys_.keys() + fresh.size() > limits_.keys) return no_room(event, limits_.keys, "keys");
    if (keys_.events() + i + 1 > limits_.events) return no_room(event, limits_.events, "events");
  }
  return {};
}

Error Parking::no_room(const ParkedEvent& event, std::uint64_t limit, const char* what) const {
  std::string message =
      "projection " + std::string(projection_.name) + " may park " + std::to_string(limit) + " " +
      what + " (parked_limits), and there is no room for the event at position " +
      to_string(event.position) + ", of key " + event.row.key + " of table " + event.row.table;
  message += event.failure.empty() ? " that is parked already" : ": " + event.failure;
  message += ". Have those that are parked retried or skipped, then resume; or rebuild";
  return {.code = ErrorCode::corrupt, .message = std::move(message), .position = event.position};
}

void Parking::failed_at_a_row() { pending_ = projection_.on_failure == OnFailure::park; }

bool Parking::is_tried_again() {
  // Once rows were folded each by itself there is nothing more to find out.
  if (!std::exchange(pending_, false) || tries_ >= tries_max_) return false;
  ++tries_;
  return true;
}

void Parking::committed(const std::vector<ParkedEvent>& parked) {
  tries_ = 0;
  for (const ParkedEvent& event : parked) keys_.add(event.row, 1);
}

void Parking::settled(const ParkedRow& row, std::size_t before, std::size_t left) {
  keys_.remove(row, before - left);
}

}  // namespace annals::internal
