#include "group_view.hpp"

#include <algorithm>

#include "hashed_query.hpp"

namespace annals::internal {

std::uint64_t GroupView::Ends::find(const KeyHash& stream) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = stream.low & mask; slots_[i].used; i = (i + 1) & mask) {
    if (slots_[i].stream == stream) return slots_[i].next;
  }
  return 0;
}

std::uint64_t& GroupView::Ends::next_version(const KeyHash& stream) {
  if ((used_.size() + 1) * 2 > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = stream.low & mask;
  for (; slots_[i].used; i = (i + 1) & mask) {
    if (slots_[i].stream == stream) return slots_[i].next;
  }
  slots_[i] = {stream, 0, true};
  used_.push_back(static_cast<std::uint32_t>(i));
  return slots_[i].next;
}

void GroupView::Ends::grow() {
  std::vector<Slot> before(slots_.size() * 2);
  before.swap(slots_);
  const auto used = std::exchange(used_, {});
  const std::size_t mask = slots_.size() - 1;
  for (const std::uint32_t from : used) {
    std::size_t i = before[from].stream.low & mask;
    while (slots_[i].used) i = (i + 1) & mask;
    slots_[i] = before[from];
    used_.push_back(static_cast<std::uint32_t>(i));
  }
}

void GroupView::Ends::clear() {
  for (const std::uint32_t i : used_) slots_[i] = {};
  used_.clear();
}

void GroupView::Group::begin(GlobalPosition head) {
  before = head;
  added = 0;
  ends.clear();
  appends.clear();
  postings.reset();
  appends_posted = 0;
}

void GroupView::begin() {
  landed();
  group_.begin(index_.head());
}

void GroupView::begin_behind() {
  std::swap(group_, in_flight_);
  group_.begin(in_flight_.head());
}

Result<std::optional<StreamVersion>> GroupView::last_version(std::string_view stream,
                                                             const KeyHash& hash) const {
  if (const std::uint64_t next = group_.ends.find(hash); next > 0) {
    return std::optional(StreamVersion{next - 1});
  }
  return before_group(stream, hash);
}

Result<std::optional<StreamVersion>> GroupView::before_group(std::string_view stream,
                                                             const KeyHash& hash) const {
  if (const std::uint64_t next = in_flight_.ends.find(hash); next > 0) {
    return std::optional(StreamVersion{next - 1});
  }
  return index_.last_version_for_writer(stream, hash);
}

Result<std::optional<StreamVersion>> GroupView::last_version(std::string_view stream) const {
  return last_version(stream, index_.hasher()(KeyKind::stream, stream));
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
    const bool of_first = !append.keys.empty() && append.keys.front().stream == check.stream;
    auto last = of_first ? last_version(check.stream, append.keys.front().stream_hash)
                         : last_version(check.stream);
    if (!last) return std::move(last).error();
    const std::optional<StreamVersion> actual = *last;
    if (check.expected.matches(actual)) continue;
    return Error{.code = ErrorCode::wrong_expected_version,
                 .message = "stream " + check.stream + ": expected " + to_string(check.expected) +
                            (actual ? ", is " + to_string(*actual) : ", has no events"),
                 .conflict = Error::Conflict{check.stream, check.expected, actual},
                 .append_id = request.id};
  }
  for (std::size_t i = 0; i < request.conditions.size(); ++i) {
    const AppendCondition& condition = request.conditions[i];
    if (condition.after > head()) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = "condition after position " + to_string(condition.after) +
                              ", but the head is " + to_string(head()),
                   .append_id = request.id};
    }
    const bool seen = i < append.matches.size();
    auto found = seen && append.matches[i]
                     ? Result<std::optional<GlobalPosition>>(append.matches[i])
                     : first_match(condition, seen ? append.seen_to : GlobalPosition{0});
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

Result<std::optional<GlobalPosition>> GroupView::first_match(const AppendCondition& condition,
                                                             GlobalPosition seen_to) const {
  auto visible = index_.first_match(condition.query, std::max(condition.after, seen_to));
  if (!visible || *visible) return visible;
  for (Group* group : {&in_flight_, &group_}) {
    if (auto match = group->first_match(condition, index_.hasher())) return match;
  }
  return std::optional<GlobalPosition>();
}

std::optional<GlobalPosition> GroupView::Group::first_match(const AppendCondition& condition,
                                                            const KeyHasher& hasher) {
  if (appends.empty()) return std::nullopt;
  if (!postings) {
    postings = std::make_unique<MemoryPart>(0, GlobalPosition{before.value + 1}, hasher);
  }
  for (; appends_posted < appends.size(); ++appends_posted) {
    for (const RecordKeys& keys : appends[appends_posted]->keys) postings->add(keys);
  }
  const GlobalPosition first = std::max(postings->first(), {condition.after.value + 1});
  std::vector<GlobalPosition> found;
  HashedQuery(condition.query, hasher).select(*postings, first, postings->last(), 1, found);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

Result<void> GroupView::add(PreparedAppend& append) {
  constexpr std::size_t ahead = 16;
  std::vector<RecordKeys>& keys = append.keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i + ahead < keys.size()) index_.prefetch(keys[i + ahead].stream_hash);
    std::uint64_t& next = group_.ends.next_version(keys[i].stream_hash);
    if (next == 0) {
      auto last = before_group(keys[i].stream, keys[i].stream_hash);
      if (!last) {
        // As if this append had never come.
        while (i-- > 0) group_.ends.next_version(keys[i].stream_hash) = keys[i].version.value;
        return std::move(last).error();
      }
      next = *last ? (*last)->value + 1 : 0;
    }
    keys[i].version = {next++};
  }
  group_.added += keys.size();
  group_.appends.push_back(&append);
  return {};
}

}  // namespace annals::internal
