#include <algorithm>

#include "hashed_query.hpp"
#include "prepared_append.hpp"

namespace annals::internal {

Result<std::optional<StreamVersion>> GroupView::last_version(std::string_view stream) const {
  if (const auto written = heads_.find(stream); written != heads_.end()) {
    return std::optional(written->second);
  }
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
    // Whatever is there will do, and looking costs.
    if (check.expected.kind() == ExpectedVersion::Kind::any) continue;
    auto last = last_version(check.stream);
    if (!last) return std::move(last).error();
    const std::optional<StreamVersion> actual = *last;
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
    auto found = first_match(condition);
    if (!found) return std::move(found).error();
    if (const std::optional<GlobalPosition> match = *found) {
      return Error{.code = ErrorCode::condition_failed,
                   .message = "an event at position " + to_string(*match) +
                              " matches a condition after " + to_string(condition.after),
                   .append_id = request.id,
                   .position = *match};
    }
  }
  return {};
}

Result<std::optional<GlobalPosition>> GroupView::first_match(
    const AppendCondition& condition) const {
  auto visible = index_.first_match(condition.query, condition.after);
  if (!visible || *visible) return visible;
  if (!postings_) postings_.emplace(0, GlobalPosition{before_.value + 1}, index_.hasher());
  std::vector<std::string_view> tags;
  for (; appends_posted_ < group_.size(); ++appends_posted_) {
    const Added& added = group_[appends_posted_];
    const auto& events = added.append->request.events;
    for (std::size_t i = 0; i < events.size(); ++i) {
      tags.assign(events[i].tags.begin(), events[i].tags.end());
      postings_->add({.stream = events[i].stream,
                      .version = added.versions[i],
                      .type = events[i].type,
                      .tags = tags});
    }
  }
  const GlobalPosition first = std::max(postings_->first(), {condition.after.value + 1});
  std::vector<GlobalPosition> found;
  HashedQuery(condition.query, index_.hasher())
      .select(*postings_, first, postings_->last(), 1, found);
  if (found.empty()) return std::optional<GlobalPosition>();
  return std::optional(found.front());
}

Result<std::vector<StreamVersion>> GroupView::add(const PreparedAppend& append) {
  std::vector<StreamVersion> versions;
  const auto& events = append.request.events;
  versions.reserve(events.size());
  for (const NewEvent& event : events) {
    auto known = heads_.find(event.stream);
    if (known == heads_.end()) {
      auto last = index_.last_version(event.stream);
      if (!last) {
        // What of this append has been noted is before what could not be read: it must go again.
        for (std::size_t i = versions.size(); i-- > 0;) {
          if (versions[i].value == 0) {
            heads_.erase(events[i].stream);
          } else {
            heads_.insert_or_assign(events[i].stream, StreamVersion{versions[i].value - 1});
          }
        }
        return std::move(last).error();
      }
      known = heads_.emplace(event.stream, StreamVersion{*last ? (*last)->value + 1 : 0}).first;
    } else {
      ++known->second.value;
    }
    versions.push_back(known->second);
  }
  added_ += versions.size();
  group_.push_back({&append, versions});
  return versions;
}

}  // namespace annals::internal
