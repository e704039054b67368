#include "oracle.hpp"

#include <algorithm>

#include <annals/eventstore/content_hash.hpp>

namespace annals::simulation {
namespace {

std::string name_of(std::size_t number, const AppendRequest& request) {
  return "append #" + std::to_string(number) + " (" + to_string(*request.id) + ", " +
         std::to_string(request.events.size()) + " events)";
}

}  // namespace

bool same_event(const RecordedEvent& found, const NewEvent& sent) {
  return found.stream == sent.stream && found.type == sent.type && found.data == sent.data &&
         found.metadata == sent.metadata &&
         std::equal(found.tags.begin(), found.tags.end(), sent.tags.begin(), sent.tags.end());
}

std::optional<std::string> difference(const Receipt& one, const Receipt& other) {
  if (one.id != other.id) return "id";
  if (one.first_position != other.first_position) return "first position";
  if (one.last_position != other.last_position) return "last position";
  if (one.link != other.link) return "link";
  if (one.versions != other.versions) return "versions";
  if (one.recorded_at != other.recorded_at) return "recorded_at";
  if (one.store != other.store) return "store";
  if (one.era != other.era) return "era";
  return std::nullopt;
}

std::size_t Oracle::send(const AppendRequest& request) {
  for (std::size_t i = 0; i < request.events.size(); ++i) {
    by_event_[derived_event_id(*request.id, static_cast<std::uint32_t>(i))] = {sent_.size(), i};
  }
  sent_.push_back({request});
  return sent_.size() - 1;
}

void Oracle::acknowledge(std::size_t number, const Receipt& receipt) {
  Sent& sent = sent_[number];
  sent.state = State::present;
  sent.receipt = receipt;
  for (const Receipt::Written& written : receipt.versions) {
    heads_[written.stream] = std::max(heads_[written.stream], written.last);
  }
  if (receipt.first_position.value != log_.size() + 1) return;
  const auto& events = sent.request.events;
  log_.resize(log_.size() + events.size());
  std::map<std::string_view, StreamVersion> versions;  // Of the next event, going back.
  for (std::size_t i = events.size(); i-- > 0;) {
    const auto [at, last] = versions.try_emplace(events[i].stream);
    if (last) {
      at->second = receipt.version_of(events[i].stream).value_or(StreamVersion{});
    } else {
      --at->second.value;
    }
    log_[log_.size() - events.size() + i] = {number, i, at->second, receipt.recorded_at};
  }
}

void Oracle::send_again(std::size_t number, const AppendRequest& request) {
  sent_[number].request = request;
  doubt(number);
}

void Oracle::doubt(std::size_t number) { sent_[number].state = State::doubtful; }

void Oracle::refuse(std::size_t number) { sent_[number].state = State::absent; }

void Oracle::show(const Head& head) {
  if (!shown_ || shown_->position < head.position) shown_ = head;
}

std::vector<std::size_t> Oracle::present() const { return all_in(State::present); }
std::vector<std::size_t> Oracle::absent() const { return all_in(State::absent); }
std::vector<std::size_t> Oracle::doubtful() const { return all_in(State::doubtful); }

std::vector<std::size_t> Oracle::all_in(State state) const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    if (sent_[i].state == state) numbers.push_back(i);
  }
  return numbers;
}

std::optional<StreamVersion> Oracle::last_version(const std::string& stream) const {
  const auto found = heads_.find(stream);
  return found == heads_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> Oracle::compare(EventStore& store) {
  const auto events = read_all(store, {});
  if (!events) return "cannot be read: " + to_string(events.error());
  if (auto broken = compare_events(*events)) return broken;
  if (auto broken = compare_receipts(store)) return broken;
  return compare_heads(store, *events);
}

std::optional<std::string> Oracle::misread(const EventStore& store, bool may_omit) const {
  const GlobalPosition head = store.head().position;
  for (std::uint64_t p = 1; p <= head.value; ++p) {
    const auto events = read_all(store, {.start = Start::from(GlobalPosition{p}), .limit = 1});
    if (!events) {
      if (events.error().code != ErrorCode::corrupt) return to_string(events.error());
      continue;
    }
    const std::string at = "at position " + std::to_string(p);
    if (may_omit && (events->empty() || events->front().position.value > p)) continue;
    if (events->size() != 1 || events->front().position.value != p) return "nothing " + at;
    const RecordedEvent& event = events->front();
    const auto known = by_event_.find(event.id);
    if (known == by_event_.end()) return "an event that nobody sent " + at;
    const auto [number, index] = known->second;
    const Sent& sent = sent_[number];
    if (!sent.found || sent.found->value + index != p ||
        !same_event(event, sent.request.events[index])) {
      return name_of(number, sent.request) + " has changed " + at;
    }
  }
  return std::nullopt;
}

std::optional<std::string> Oracle::compare_events(const RecordedEvents& events) {
  for (Sent& sent : sent_) sent.found.reset();
  heads_.clear();
  log_.clear();
  std::uint64_t position = 0;
  Timestamp last_time{};
  std::size_t expected_event = 0;  // Of the append that has begun; 0: none has.
  std::size_t begun = 0;
  for (const RecordedEvent& event : events) {
    const std::string at = "at position " + to_string(event.position);
    if (event.position.value != ++position) return "a gap " + at;
    if (event.recorded_at < last_time) return "time runs backward " + at;
    last_time = event.recorded_at;
    const auto known = by_event_.find(event.id);
    if (known == by_event_.end()) return "an event that nobody sent " + at;
    const auto [number, index] = known->second;
    Sent& sent = sent_[number];
    const std::string name = name_of(number, sent.request);
    if (expected_event != 0 && (number != begun || index != expected_event)) {
      return name_of(begun, sent_[begun].request) + " is there in part, cut " + at;
    }
    if (index == 0) {
      if (sent.found) return name + " is there twice, again " + at;
      sent.found = event.position;
      begun = number;
    } else if (expected_event == 0) {
      return name + " is there without its beginning " + at;
    }
    expected_event = index + 1 == sent.request.events.size() ? 0 : index + 1;
    if (!same_event(event, sent.request.events[index])) return name + " has changed " + at;
    const auto [head, first] = heads_.try_emplace(std::string(event.stream), StreamVersion{0});
    if (!first) ++head->second.value;
    if (event.version != head->second) {
      return "a gap in stream versions " + at + ": stream " + std::string(event.stream) +
             " goes on with " + to_string(event.version) + " instead of " + to_string(head->second);
    }
    log_.push_back({number, index, event.version, event.recorded_at});
    if (sent.receipt && sent.receipt->recorded_at != event.recorded_at) {
      return name + " has another time " + at;
    }
  }
  if (expected_event != 0) return name_of(begun, sent_[begun].request) + " has lost its end";
  return std::nullopt;
}

std::optional<std::string> Oracle::compare_receipts(EventStore& store) {
  for (std::size_t number = 0; number < sent_.size(); ++number) {
    Sent& sent = sent_[number];
    const std::string name = name_of(number, sent.request);
    if (sent.state == State::present && !sent.found) return name + ", acknowledged, is lost";
    if (sent.state == State::absent && sent.found) return name + ", said to be absent, is there";
    const auto receipt = store.find_append(*sent.request.id);
    if (!receipt) return "find_append of " + name + ": " + to_string(receipt.error());
    if (receipt->has_value() != sent.found.has_value()) {
      return "find_append of " + name + " disagrees with what can be read";
    }
    if (!sent.found) {
      sent.state = State::absent;
      continue;
    }
    const Receipt& first = **receipt;
    if (!first.repeated || first.first_position != *sent.found ||
        first.last_position.value + 1 != sent.found->value + sent.request.events.size()) {
      return "find_append of " + name + " gives the wrong place";
    }
    if (sent.receipt) {
      if (const auto differs = difference(*sent.receipt, first)) {
        return "the receipt of " + name + " has changed: " + *differs;
      }
    }
    sent.receipt = first;
    sent.state = State::present;
    const auto link = store.link_at(first.last_position);
    if (!link || *link != first.link) return "the link of " + name + " has changed";
  }
  return std::nullopt;
}

std::optional<std::string> Oracle::compare_heads(EventStore& store, const RecordedEvents& events) {
  const Head head = store.head();
  if (head.position.value != events.size()) return "the head is not where the events end";
  if (shown_) {
    const auto link = store.link_at(shown_->position);
    if (!link || *link != shown_->link) {
      return "what a reader was shown, up to position " + to_string(shown_->position) + ", is gone";
    }
  }
  show(head);
  for (const auto& [stream, version] : heads_) {
    const auto found = store.stream_version(stream);
    if (!found || *found != version) return "stream " + stream + " has another version";
  }
  const auto report = store.verify({});
  if (!report) return "verify: " + to_string(report.error());
  if (report->outcome != VerifyReport::Outcome::whole || report->events != events.size() ||
      report->position != head.position || report->link != head.link) {
    return "verify does not find it whole: " +
           (report->first_bad ? report->first_bad->what : std::string("it ends elsewhere"));
  }
  return std::nullopt;
}

}  // namespace annals::simulation
