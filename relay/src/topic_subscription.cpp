#include "topic_subscription.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace annals::internal {

namespace {

using SteadyClock = std::chrono::steady_clock;

// How late it is noticed that the topic has changed, or that a broker has something to say.
constexpr std::chrono::milliseconds topic_nap(100);
// Events that nobody wants are read on so far before progress is told.
constexpr std::size_t topic_passed_max = 16'384;

}  // namespace

TopicSubscription::TopicSubscription(Setup setup) : setup_(std::move(setup)) {
  if (setup_.options.after) reached_ = *setup_.options.after;
}

Result<void> TopicSubscription::begin(std::chrono::milliseconds wait) {
  auto view = setup_.watch->view(wait);
  if (!view) return std::move(view).error();
  TopicCursor place;
  if (setup_.place && !setup_.from_another_topic) {
    if (auto same = check_same_topic(setup_.place->of, view->identity); !same) return same;
    place = *setup_.place;
  }
  const auto count = static_cast<std::uint32_t>(view->partitions.size());
  KafkaConsumer::Setup consumer = setup_.consumer;
  consumer.buffer_bytes_max = std::max<std::size_t>(consumer.buffer_bytes_max / count, 1);
  auto made = KafkaConsumer::make(std::move(consumer));
  if (!made) return std::move(made).error();
  reader_.reset();
  consumer_ = *std::move(made);
  std::optional<Token> history;
  if (setup_.options.after) history = reached_.token;
  reader_.emplace(*consumer_, view->identity, history, *setup_.counts,
                  [this] { readiness_.announce(); });
  std::map<std::uint32_t, std::int64_t> offsets;
  for (std::uint32_t partition = 0; partition < count; ++partition) {
    TopicReader::Begin from{.taken = reached_.token.position, .link = reached_.link};
    const auto known = place.places.find(partition);
    if (known != place.places.end()) from.place = known->second;
    auto offset = reader_->begin(partition, from, view->partitions[partition].offsets);
    if (!offset) return std::move(offset).error();
    offsets[partition] = *offset;
  }
  if (auto assigned = consumer_->assign(offsets); !assigned) return assigned;
  order_.emplace(count, reached_.token.position);
  return {};
}

Result<Batch> TopicSubscription::next(std::chrono::milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  const GlobalPosition before = reached_.token.position;
  while (!stopped()) {
    if (!order_) {
      // Tried again by the next call.
      if (auto begun = begin(timeout); !begun) return std::move(begun).error();
    }
    if (!failed_) {
      auto done = setup_.watch->check();
      if (done) done = read();
      if (!done) failed_ = std::move(done).error();
    }
    const auto now = SteadyClock::now();
    // What comes before the failure is handed out first.
    if (failed_ && reached_.token.position == before) return *std::exchange(failed_, {});
    if (reached_.token.position > before || now >= deadline) return batch();
    readiness_.wait_until(std::min(deadline, now + topic_nap));
  }
  return Error{ErrorCode::unavailable, "the subscription was stopped"};
}

bool TopicSubscription::is_full() const {
  return events_.size() >= std::max<std::size_t>(setup_.options.batch_events, 1) ||
         bytes_ >= setup_.consumer.buffer_bytes_max || passed_ >= topic_passed_max;
}

Result<void> TopicSubscription::read() {
  while (auto message = consumer_->poll(std::chrono::milliseconds(0))) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) reader_->deliver(std::move(message));
  }
  bool more = true;
  while (more && !is_full()) {
    more = false;
    for (std::uint32_t partition = 0; partition < reader_->identity().partitions; ++partition) {
      while (order_->wants(partition)) {
        auto record = reader_->next(partition);
        if (!record) return std::move(record).error();
        if (!*record) break;
        order_->add(partition, **std::move(record));
        more = true;
      }
    }
    while (!is_full()) {
      auto event = order_->next();
      if (!event) break;
      take(*std::move(event));
      more = true;
    }
  }
  if (is_full()) return {};
  // Of the last append that is whole, the end may lie beyond its last event.
  const auto end = order_->end_beyond();
  if (end && open_.empty()) close_append(end->position, end->link);
  return {};
}

void TopicSubscription::take(GlobalOrder::Next next) {
  const GlobalPosition position = next.record.place.position;
  const std::optional<Link> link = next.record.place.link;
  ++passed_;
  open_.push_back({next.partition, std::move(next.record)});
  if (!link) return;
  for (Open& each : open_) {
    const RecordedEvent& event = *each.record.event;
    if (!matches(setup_.options.query, event)) continue;
    bytes_ += event.stream.size() + event.data.size() + event.metadata.size();
    events_.push_back(event);
    owners_.push_back(std::move(each.record.bytes));
  }
  open_.clear();
  close_append(position, *link);
}

void TopicSubscription::close_append(GlobalPosition position, const Link& link) {
  const Token& history = *reader_->history();
  reached_ = {{history.store, history.era, position}, link};
}

// A place from which everything beyond `reached_` is read again.
TopicCursor TopicSubscription::cursor() const {
  TopicCursor cursor{.of = reader_->identity(), .places = {}};
  for (std::uint32_t partition = 0; partition < cursor.of.partitions; ++partition) {
    const ReceivedRecord* first = order_->waiting(partition);
    for (const Open& each : open_) {
      if (each.partition != partition) continue;
      first = &each.record;
      break;
    }
    cursor.places[partition] = first == nullptr ? reader_->place(partition)
                                                : TopicCursor::Place{first->offset, first->before};
  }
  return cursor;
}

Batch TopicSubscription::batch() {
  Batch batch;
  batch.events = RecordedEvents(std::exchange(events_, {}), std::exchange(owners_, {}));
  passed_ = bytes_ = 0;
  batch.complete_up_to = reached_.token.position;
  batch.link = reached_.link;
  batch.store = reached_.token.store;
  batch.era = reached_.token.era;
  batch.cursor = to_text(cursor());
  return batch;
}

}  // namespace annals::internal
