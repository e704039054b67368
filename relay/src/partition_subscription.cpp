#include "partition_subscription.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace annals::internal {

namespace {

using SteadyClock = std::chrono::steady_clock;

// How late it is noticed that the partition was taken away.
constexpr std::chrono::milliseconds partition_nap(100);
// Records that nobody wants are read on so far before progress is told.
constexpr int passed_max = 16'384;

}  // namespace

Result<std::unique_ptr<Subscription>> PartitionSubscription::make(const TopicMember& member,
                                                                  std::uint32_t partition,
                                                                  SubscriptionOptions options) {
  auto place = parse_topic_cursor(options.cursor);
  if (!place) return std::move(place).error();
  std::unique_ptr<PartitionSubscription> subscription(
      new PartitionSubscription(member, partition, std::move(options)));
  subscription->place_ = *std::move(place);
  if (subscription->options_.after) subscription->reached_ = *subscription->options_.after;
  return std::unique_ptr<Subscription>(std::move(subscription));
}

Result<void> PartitionSubscription::begin() {
  const TopicMember::Setup& setup = member_.setup();
  auto view = setup.watch->view();
  if (!view) return std::move(view).error();
  TopicReader::Begin from{.taken = reached_.token.position, .link = reached_.link};
  if (place_ && !setup.from_another_topic) {
    if (auto same = check_same_topic(place_->of, view->identity); !same) return same;
    const auto known = place_->places.find(partition_);
    if (known != place_->places.end()) from.place = known->second;
  }
  const TopicMember::Holding holding = member_.holding(partition_);
  std::optional<Token> history;
  if (options_.after) history = reached_.token;
  reader_.reset();
  consumer_ = member_.consumer();
  reader_.emplace(*consumer_, view->identity, history, *setup.counts,
                  [this] { readiness_.announce(); });
  auto offset = reader_->begin(partition_, from, view->partitions[partition_].offsets);
  if (!offset) return std::move(offset).error();
  // Right behind the place, the member itself has read what comes before it. Where it stands before
  // the place, all that it would read again would be dropped as a repetition.
  const bool goes_on = from.place && holding.offset == from.place->next;
  const bool from_first = holding.offset == RD_KAFKA_OFFSET_BEGINNING &&
                          *offset <= view->partitions[partition_].offsets.begin;
  if (!goes_on && !from_first && holding.offset != *offset) {
    if (auto done = member_.seek(partition_, holding.number, *offset); !done) return done;
  }
  holding_ = holding.number;
  return {};
}

Result<Batch> PartitionSubscription::next(std::chrono::milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  const GlobalPosition before = reached_.token.position;
  while (!stopped()) {
    const TopicMember::Holding holding = member_.holding(partition_);
    if (holding.number == 0 || (holding_ != 0 && holding_ != holding.number)) {
      return Error{ErrorCode::unavailable, "partition " + std::to_string(partition_) +
                                               " of topic " + member_.setup().consumer.topic +
                                               " was taken away"};
    }
    if (holding_ == 0) {
      if (auto begun = begin(); !begun) {
        reader_.reset();
        return std::move(begun).error();
      }
    }
    if (!failed_) {
      auto done = member_.setup().watch->check();
      if (done) done = read();
      if (!done) failed_ = std::move(done).error();
    }
    const auto now = SteadyClock::now();
    // What comes before the failure is handed out first.
    const bool moved = reached_.token.position > before;
    if (failed_ && !moved) {
      begin_again();
      return *std::exchange(failed_, {});
    }
    if (moved || now >= deadline) return batch();
    readiness_.wait_until(std::min(deadline, now + partition_nap));
  }
  return Error{ErrorCode::unavailable, "the subscription was stopped"};
}

Result<void> PartitionSubscription::read() {
  for (KafkaMessage& message : member_.delivered(partition_)) reader_->deliver(std::move(message));
  const std::size_t events_max = std::max<std::size_t>(options_.batch_events, 1);
  Result<void> result;
  for (int passed = 0; passed < passed_max; ++passed) {
    if (events_.size() >= events_max || bytes_ >= member_.setup().consumer.buffer_bytes_max) break;
    auto record = reader_->next(partition_);
    if (!record) result = std::move(record).error();
    if (!record || !*record) break;
    const RecordPlace& place = (*record)->place;
    reached_ = {{place.store, place.era, place.position}, place.link};
    const std::optional<RecordedEvent>& event = (*record)->event;
    if (!event || !matches(options_.query, *event)) continue;
    bytes_ += event->stream.size() + event->data.size() + event->metadata.size();
    events_.push_back(*event);
    owners_.push_back(std::move((*record)->bytes));
  }
  // A record that cannot be read has left the queue, and is not behind the place.
  member_.note_read(partition_, holding_,
                    result ? reader_->place(partition_).next : TopicMember::place_lost);
  return result;
}

void PartitionSubscription::begin_again() {
  const TopicCursor::Place place = reader_->place(partition_);
  if (place.before.value > 0) place_ = TopicCursor{reader_->identity(), {{partition_, place}}};
  holding_ = 0;
}

Batch PartitionSubscription::batch() {
  Batch batch;
  batch.partition = partition_;
  batch.events = RecordedEvents(std::exchange(events_, {}), std::exchange(owners_, {}));
  bytes_ = 0;
  batch.complete_up_to = reached_.token.position;
  batch.link = reached_.link;
  batch.store = reached_.token.store;
  batch.era = reached_.token.era;
  const TopicIdentity& identity = reader_->identity();
  batch.cursor = to_text(TopicCursor{identity, {{partition_, reader_->place(partition_)}}});
  return batch;
}

}  // namespace annals::internal
