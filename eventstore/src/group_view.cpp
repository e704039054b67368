#include <algorithm>

#include "prepared_append.hpp"

namespace annals::internal {

std::optional<StreamVersion> GroupView::last_version(std::string_view stream) const {
  if (const auto written = heads_.find(stream); written != heads_.end()) return written->second;
  return index_.last_version(stream);
}

Result<void> GroupView::check(const PreparedAppend& append, Timestamp recorded_at,
                              std::chrono::microseconds max_clock_skew) const {
  const AppendRequest& request = append.request;
  for (const NewEvent& event : request.events) {
    if (event.known_at && *event.known_at - recorded_at > max_clock_skew) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "stream " + event.stream + ": known_at " +
                              to_string(*event.known_at) +
                              " is more than max_clock_skew after now, " + to_string(recorded_at),
                   .append_id = request.id};
    }
  }
  for (const StreamCheck& check : request.checks) {
    const auto actual = last_version(check.stream);
    if (check.expected.matches(actual)) continue;
    return Error{.code = ErrorCode::wrong_expected_version,
                 .message = "stream " + check.stream + ": expected " + to_string(check.expected) +
                            (actual ? ", is " + to_string(*actual) : ", has no events"),
                 .conflict = Error::Conflict{check.stream, check.expected, actual},
                 .append_id = request.id};
  }
  for (const AppendCondition& condition : request.conditions) {
    if (condition.after > head()) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "condition after position " + to_string(condition.after) +
                              ", but the head is " + to_string(head()),
                   .append_id = request.id};
    }
    if (const auto match = first_match(condition)) {
      return Error{.code = ErrorCode::condition_failed,
                   .message = "an event at position " + to_string(*match) +
                              " matches a condition after " + to_string(condition.after),
                   .append_id = request.id,
                   .position = *match};
    }
  }
  return {};
}

std::optional<GlobalPosition> GroupView::first_match(const AppendCondition& condition) const {
  if (const auto visible = index_.first_match(condition.query, condition.after)) return visible;
  std::vector<std::string_view> tags;
  for (; appends_posted_ < group_.size(); ++appends_posted_) {
    for (const NewEvent& event : group_[appends_posted_]->request.events) {
      tags.assign(event.tags.begin(), event.tags.end());
      postings_.add({.stream = event.stream, .version = {}, .type = event.type, .tags = tags});
    }
  }
  const auto found = postings_.select(condition.query, condition.after, head(), 1);
  if (found.empty()) return std::nullopt;
  return found.front();
}

std::vector<StreamVersion> GroupView::add(const PreparedAppend& append) {
  std::vector<StreamVersion> versions;
  versions.reserve(append.request.events.size());
  for (const NewEvent& event : append.request.events) {
    const auto last = last_version(event.stream);
    const StreamVersion version{last ? last->value + 1 : 0};
    heads_.insert_or_assign(event.stream, version);
    versions.push_back(version);
  }
  added_ += versions.size();
  group_.push_back(&append);
  return versions;
}

}  // namespace annals::internal
