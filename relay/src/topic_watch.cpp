#include "topic_watch.hpp"

#include <algorithm>
#include <string>

#include "record_lookup.hpp"

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds watch_every(1'000);
// After so long without a look that succeeded, what was seen last says nothing of the present.
constexpr std::chrono::seconds unseen_max(10);
// So often in a row a partition is found shorter than it was before that is believed.
constexpr int shrunk_looks = 5;
// Of moments at which the head was seen: ten minutes of them.
constexpr std::size_t heads_max = 600;

}  // namespace

Result<std::unique_ptr<TopicWatch>> TopicWatch::start(KafkaConsumer::Setup setup) {
  auto consumer = KafkaConsumer::make(std::move(setup));
  if (!consumer) return std::move(consumer).error();
  std::unique_ptr<TopicWatch> watch(new TopicWatch(*std::move(consumer)));
  watch->thread_ = std::thread([self = watch.get()] { self->run(); });
  return watch;
}

TopicWatch::~TopicWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool TopicWatch::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void TopicWatch::run() {
  while (!stopping()) {
    auto looked = look();
    std::unique_lock lock(mutex_);
    last_error_ = looked ? "" : to_string(looked.error());
    if (looked) looked_at_ = SteadyClock::now();
    changed_.notify_all();
    changed_.wait_for(lock, watch_every, [this] { return stopping_; });
  }
}

Result<void> TopicWatch::look() {
  // Serves what librdkafka has to say.
  while (consumer_->poll(milliseconds(0))) {
  }
  TopicView before;
  {
    const std::lock_guard lock(mutex_);
    if (view_) before = *view_;
  }
  TopicView now{.identity = before.identity,
                .partitions = {},
                .history = before.history,
                .link = before.link};
  now.identity.topic = consumer_->topic();
  if (before.partitions.empty()) {
    auto cluster = cluster_id(*consumer_);
    if (!cluster) return std::move(cluster).error();
    now.identity.cluster = *std::move(cluster);
  }
  const auto count = count_partitions(*consumer_, consumer_->topic());
  if (!count) return count.error();
  now.identity.partitions = *count;
  for (std::uint32_t partition = 0; partition < *count; ++partition) {
    if (stopping()) return {};
    const auto range = offsets_of_partition(*consumer_, consumer_->topic(), partition);
    if (!range) return range.error();
    now.partitions.push_back({*range, {}});
  }
  if (!before.partitions.empty()) {
    if (auto same = check_unchanged(now); !same) {
      const std::lock_guard lock(mutex_);
      if (same.error().code != ErrorCode::unavailable) broken_ = same.error();
      return same;
    }
  }
  if (auto read = read_ends(before, now); !read) return read;
  const std::lock_guard lock(mutex_);
  const GlobalPosition head = now.history ? now.history->position : GlobalPosition{};
  if (head.value > 0 && (heads_.empty() || heads_.back().first < head)) {
    heads_.emplace_back(head, system_clock()->now());
    if (heads_.size() > heads_max) heads_.pop_front();
  }
  view_ = std::move(now);
  // Whoever reads the record is refused it; the other partitions go on.
  for (const TopicView::Part& part : view_->partitions) {
    if (part.unreadable) return *part.unreadable;
  }
  return {};
}

Result<void> TopicWatch::check_unchanged(const TopicView& now) {
  const std::lock_guard lock(mutex_);
  if (auto same = check_same_topic(view_->identity, now.identity); !same) return same;
  for (std::size_t i = 0; i < now.partitions.size(); ++i) {
    const std::int64_t end = now.partitions[i].offsets.end;
    const std::int64_t before = view_->partitions[i].offsets.end;
    if (end >= before) continue;
    // A leader that has just been elected may not know yet how far its partition goes.
    const bool sure = ++shrunk_ >= shrunk_looks;
    return Error{sure ? ErrorCode::invalid_argument : ErrorCode::unavailable,
                 "topic " + now.identity.topic + ", partition " + std::to_string(i) +
                     ", ends at offset " + std::to_string(end) + ", and did at " +
                     std::to_string(before) + (sure ? ": the topic was made anew" : "")};
  }
  shrunk_ = 0;
  return {};
}

Result<void> TopicWatch::read_ends(const TopicView& before, TopicView& now) {
  OffsetRanges moved;
  for (std::uint32_t i = 0; i < now.partitions.size(); ++i) {
    const OffsetRange& range = now.partitions[i].offsets;
    const bool known = i < before.partitions.size();
    if (known) now.partitions[i].position = before.partitions[i].position;
    if (range.end == range.begin) continue;  // Empty, or emptied.
    if (!known || before.partitions[i].unreadable ||
        before.partitions[i].offsets.end != range.end) {
      moved[i] = range;
    }
  }
  const auto take = [&](const rd_kafka_message_t& message) -> Result<void> {
    TopicView::Part& part = now.partitions[static_cast<std::size_t>(message.partition)];
    part.unreadable.reset();
    if (auto taken = take_end(message, now); !taken) {
      Error error = std::move(taken).error();
      error.message = "topic " + consumer_->topic() + ", partition " +
                      std::to_string(message.partition) + ", offset " +
                      std::to_string(message.offset) + ": " + error.message;
      part.unreadable = std::move(error);
    }
    return {};
  };
  return read_last_records(*consumer_, moved, take, [this] { return stopping(); });
}

Result<void> TopicWatch::take_end(const rd_kafka_message_t& message, TopicView& now) {
  const auto place = place_of(message, headers_);
  if (!place) return place.error();
  auto& part = now.partitions[static_cast<std::size_t>(message.partition)];
  // The last one may be a repetition.
  part.position = std::max(part.position, place->position);
  if (now.history && now.history->position >= place->position) return {};
  now.history = Token{place->store, place->era, place->position};
  now.link = place->link;
  return {};
}

Result<TopicView> TopicWatch::view(milliseconds wait) const {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline_after(wait), [this] { return view_ || broken_ || stopping_; });
  if (broken_) return *broken_;
  if (view_) return *view_;
  return Error{ErrorCode::unavailable, "topic " + consumer_->topic() + " has not been seen yet" +
                                           (last_error_.empty() ? "" : ": " + last_error_)};
}

Result<void> TopicWatch::check() const {
  const std::lock_guard lock(mutex_);
  if (broken_) return *broken_;
  return {};
}

Head TopicWatch::head() const {
  const std::lock_guard lock(mutex_);
  if (!view_ || !view_->history) return {};
  return {view_->history->position, view_->link.value_or(Link{})};
}

Result<std::optional<Timestamp>> TopicWatch::waiting_since(GlobalPosition position) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [head, seen] : heads_) {
    if (head > position) return std::optional(seen);
  }
  const auto unseen = SteadyClock::now() - looked_at_;
  if (unseen <= unseen_max) return std::optional<Timestamp>();
  return Error{
      .code = ErrorCode::unavailable,
      .message = "topic " + consumer_->topic() + " was not seen for " +
                 std::to_string(std::chrono::duration_cast<std::chrono::seconds>(unseen).count()) +
                 " s: " + (last_error_.empty() ? "no answer" : last_error_)};
}

std::string TopicWatch::last_error() const {
  const std::lock_guard lock(mutex_);
  return broken_ ? to_string(*broken_) : last_error_;
}

}  // namespace annals::internal
