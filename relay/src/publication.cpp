#include "publication.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

#include <annals/relay/partitioner.hpp>

#include "kafka_error.hpp"
#include "topic_fitness.hpp"

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// What headers and librdkafka's own bookkeeping add to a record in memory, about.
constexpr std::size_t record_overhead_bytes = 1024;
// A wait that a stop, or an acknowledgement, is noticed after.
constexpr milliseconds nap{50};
constexpr milliseconds settling_max{10'000};

}  // namespace

KafkaSettings kafka_settings(const RelayOptions& options) {
  const auto number = [](std::size_t value) { return std::to_string(value); };
  constexpr std::size_t batch_bytes = 1'000'000;
  KafkaSettings settings = {
      {"client.id", "annals-relay"},
      {"batch.size", number(std::min(batch_bytes, options.record_bytes_max))},
      {"queue.buffering.max.kbytes", number(2 * options.buffer_bytes_max / 1024 + 64 * 1024)},
      {"queue.buffering.max.messages", "1000000"},
  };
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  settings.emplace_back("bootstrap.servers", options.brokers);
  settings.emplace_back("compression.type", options.compression);
  settings.emplace_back("message.max.bytes", number(options.record_bytes_max));
  return settings;
}

namespace {

// What is larger than a batch goes alone: only that can a topic refuse for its size, and then it is
// known which event that is.
std::size_t bytes_of_a_batch(const RelayOptions& options) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : kafka_settings(options)) {
    if (name == "batch.size") bytes = std::strtoull(value.c_str(), nullptr, 10);
  }
  return bytes;
}

}  // namespace

Publication::Publication(const EventStore& store, const RelayOptions& options, RelayLease& lease,
                         RelayState& state, PlantedBug bug)
    : store_(store),
      options_(options),
      lease_(lease),
      state_(state),
      bug_(bug),
      batch_bytes_(bytes_of_a_batch(options)),
      run_bytes_max_(options.buffer_bytes_max / 4) {}

Result<Publication::End> Publication::run() {
  const Moment now = SteadyClock::now();
  window_begin_ = saved_at_ = next_watermarks_ = next_save_ = next_show_ = now;
  if (auto connected = connect(); !connected) return connected.error();
  if (auto followed = follow(); !followed) {
    // What comes before the failure goes out, and the next producer begins behind what this one has
    // done.
    if (tracker_ && lease_.holds(SteadyClock::now())) settle();
    return followed.error();
  }
  if (end_ == End::stopped && tracker_) settle();
  show(SteadyClock::now());
  return *end_;
}

Result<void> Publication::connect() {
  auto producer = KafkaProducer::make(
      kafka_settings(options_),
      [this](const KafkaProducer::Delivery& delivery) { on_delivered(delivery); });
  if (!producer) return std::move(producer).error();
  producer_ = *std::move(producer);
  state_.update([](RelayStatus& status) { ++status.producers; });
  const bool first = lease_.record().last_positions.empty();
  TopicFitness fitness(store_, options_, *producer_, lease_.record(), batch_bytes_, [this] {
    const Moment now = SteadyClock::now();
    if (now - saved_at_ > options_.lease / 3) keep_lease(now);
    if (state_.stopped()) end_ = End::stopped;
    return end_.has_value();
  });
  if (auto checked = fitness.check(); !checked) {
    // What is wrong with the connection says more than that no answer came.
    producer_->poll(milliseconds(0));
    const std::string& complaint = producer_->complaint();
    Error error = std::move(checked).error();
    if (error.code == ErrorCode::unavailable && !complaint.empty()) {
      error.message += ": " + complaint;
    }
    return error;
  }
  if (first) {
    auto saved = lease_.save(SteadyClock::now());
    if (!saved) return std::move(saved).error();
    if (!*saved) end_ = End::lease_lost;
  }
  topic_.reset(rd_kafka_topic_new(producer_->client(), options_.topic.c_str(), nullptr));
  if (!topic_) return to_error(rd_kafka_last_error(), "opening topic " + options_.topic);
  return {};
}

Result<void> Publication::follow() {
  if (end_) return {};
  const RelayRecord& record = lease_.record();
  const auto begin = store_.resume(record.checkpoint);
  if (!begin) return begin.error();
  source_.emplace(begin->token);
  era_ = begin->token.era;
  produced_ = record.last_positions;
  tracker_.emplace(
      Published{begin->token.position, begin->link, record.last_positions, record.last_offsets},
      bug_);
  firsts_.emplace(produced_.size());
  landed_ = tracker_->published().last_offsets;
  auto subscription = store_.subscribe({.after = *begin});
  if (!subscription) return std::move(subscription).error();
  state_.update([](RelayStatus& status) { status.following = true; });
  while (!end_) {
    auto batch = (*subscription)->next(tracker_->waiting_records() > 0 ? nap / 10 : nap);
    if (!batch) return std::move(batch).error();
    if (auto published = publish(*batch); !published || end_) return published;
    if (batch->link && SteadyClock::now() >= next_watermarks_) {
      next_watermarks_ = SteadyClock::now() + options_.watermark_every;
      auto marked = publish_watermarks(batch->complete_up_to, *batch->link);
      if (!marked || end_) return marked;
    }
    if (auto tended = tend(milliseconds(0)); !tended) return tended;
    let_go_of_delivered();
  }
  return {};
}

Result<void> Publication::publish(const Batch& batch) {
  const RecordedEvents& events = batch.events;
  if (events.empty()) return {};
  referred_.push_back({tracker_->next(), events});
  std::vector<RecordedAppend> appends;
  if (events.size() > 1) {  // Where the last one ends, the batch says.
    auto found = store_.appends_holding(events.front().position, events.back().position);
    if (!found) return std::move(found).error();
    appends = *std::move(found);
  }
  auto append = appends.cbegin();  // The one that holds the event, while there are more.
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::optional<Link> link;
    if (i + 1 == events.size()) {
      link = batch.link;
    } else {
      append = std::find_if(append, appends.cend(), [&](const RecordedAppend& each) {
        return each.last() >= events[i].position;
      });
      if (append == appends.cend()) {
        return Error{.code = ErrorCode::corrupt,
                     .message = "the store does not know the append that holds position " +
                                to_string(events[i].position)};
      }
      if (append->last() < events[i + 1].position) link = append->link;
    }
    Outgoing next = outgoing(events[i], link);
    const bool alone = next.record.bytes > batch_bytes_;
    if (!run_.empty() && (alone || bytes + next.record.bytes > run_bytes_max_)) {
      if (auto published = publish_run(); !published || end_) return published;
      bytes = 0;
    }
    bytes += next.record.bytes;
    run_.push_back(std::move(next));
    if (alone) {
      if (auto published = publish_run(); !published || end_) return published;
      bytes = 0;
    }
  }
  return run_.empty() ? Result<void>() : publish_run();
}

void Publication::let_go_of_delivered() {
  while (!referred_.empty()) {
    const bool more = referred_.size() > 1;
    const std::uint64_t end = more ? referred_[1].first_record : tracker_->next();
    if (tracker_->first_waiting() < end) return;
    referred_.pop_front();
  }
}

Publication::Outgoing Publication::outgoing(const RecordedEvent& event,
                                            const std::optional<Link>& link) const {
  return {&event,
          {.partition = partition_of(event.stream, static_cast<std::uint32_t>(produced_.size())),
           .position = event.position,
           .end = link,
           .bytes = event.stream.size() + event.data.size() + event.metadata.size() +
                    record_overhead_bytes}};
}

// What librdkafka allocates for records of one partition so lies together, and it goes through a
// partition's records one after another: scattered over memory they cost it twice as much.
Result<void> Publication::publish_run() {
  std::size_t bytes = 0;
  for (const Outgoing& next : run_) bytes += next.record.bytes;
  const bool alone = run_.front().record.bytes > batch_bytes_;
  if (auto room = make_room(alone ? options_.buffer_bytes_max : bytes); !room || end_) return room;
  sending_.resize(run_.size());
  std::iota(sending_.begin(), sending_.end(), std::size_t{0});
  std::sort(sending_.begin(), sending_.end(), [this](std::size_t a, std::size_t b) {
    return std::pair(run_[a].record.partition, a) < std::pair(run_[b].record.partition, b);
  });
  // What is first in its partition goes before all else, so that it is waited for once.
  const Moment now = SteadyClock::now();
  for (std::size_t n = 0; n < sending_.size(); ++n) {
    Outgoing& next = run_[sending_[n]];
    const std::uint32_t partition = next.record.partition;
    const bool begins = n == 0 || run_[sending_[n - 1]].record.partition != partition;
    next.first = begins && !firsts_->known(partition, now);
  }
  std::stable_partition(sending_.begin(), sending_.end(),
                        [this](std::size_t i) { return run_[i].first; });
  const std::uint64_t first = tracker_->reserve(run_.size());
  for (const std::size_t i : sending_) {
    if (auto sent = publish_event(first + i, std::move(run_[i])); !sent || end_) return sent;
  }
  run_.clear();
  while (alone && tracker_->waiting_records() > 0) {
    if (auto tended = tend(nap); !tended || end_) return tended;
  }
  return tend(milliseconds(0));
}

Result<void> Publication::publish_event(std::uint64_t number, Outgoing outgoing) {
  const RecordedEvent& event = *outgoing.event;
  KafkaHeaders headers =
      event_headers(*source_, event, produced_[outgoing.record.partition], outgoing.record.end);
  return send(number, std::move(outgoing.record), event.stream, event.data, std::move(headers));
}

Result<void> Publication::publish_watermarks(GlobalPosition position, const Link& link) {
  for (std::uint32_t partition = 0; partition < produced_.size() && !end_; ++partition) {
    const GlobalPosition previous = produced_[partition];
    if (previous >= position) continue;
    if (auto room = make_room(record_overhead_bytes); !room || end_) return room;
    auto sent = send(tracker_->reserve(1),
                     {.partition = partition,
                      .position = position,
                      .end = link,
                      .bytes = record_overhead_bytes,
                      .watermark = true},
                     std::nullopt, std::nullopt,
                     watermark_headers(*source_, partition, position, previous, link));
    if (!sent) return sent;
  }
  return {};
}

Result<void> Publication::make_room(std::size_t bytes) {
  while (tracker_->waiting_records() > 0 &&
         tracker_->waiting_bytes() + bytes > options_.buffer_bytes_max) {
    if (auto tended = tend(nap); !tended || end_) return tended;
  }
  return {};
}

Result<void> Publication::send(std::uint64_t number, Produced record,
                               std::optional<std::string_view> key,
                               std::optional<std::string_view> value, KafkaHeaders headers) {
  // A relay that was frozen must not go on as if nothing had happened.
  if (!lease_.holds(SteadyClock::now())) {
    end_ = End::lease_lost;
    return {};
  }
  const std::uint32_t partition = record.partition;
  const GlobalPosition position = record.position;
  while (!firsts_->may_send(partition, SteadyClock::now())) {
    if (auto tended = tend(nap); !tended || end_) return tended;
  }
  while (true) {
    const auto error = producer_->send(topic_.get(), partition, key, value, headers, number);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return too_large(position);
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (auto tended = tend(milliseconds(0)); !tended) return tended;
      return to_error(error, "producing position " + to_string(position));
    }
    if (auto tended = tend(nap); !tended || end_) return tended;
  }
  tracker_->put(number, std::move(record));
  firsts_->sent(partition);
  produced_[partition] = position;
  return {};
}

Result<void> Publication::tend(milliseconds wait) {
  producer_->poll(wait);
  // The record that it failed with is reported a little later.
  for (int tries = 0; producer_->fatal() && !failed_ && tries < 20; ++tries) {
    producer_->poll(milliseconds(25));
  }
  if (failed_ || producer_->fatal()) return failure();
  const Moment now = SteadyClock::now();
  if (state_.stopped()) {
    end_ = End::stopped;
  } else if (!lease_.holds(now)) {
    end_ = End::lease_lost;
  } else if (now >= next_save_) {
    next_save_ = now + options_.checkpoint_every;
    save(now);
  }
  if (now >= next_show_) show(now);
  return {};
}

void Publication::settle() {
  const Moment until = SteadyClock::now() + settling_max;
  while (tracker_->waiting_records() > 0 && SteadyClock::now() < until && !failed_ &&
         !producer_->fatal()) {
    producer_->poll(nap);
  }
  save(SteadyClock::now());
}

void Publication::save(Moment now) {
  const Published& published = tracker_->published();
  RelayRecord& record = lease_.record();
  const bool moved = record.checkpoint.token.position != published.position;
  if (!moved && now - saved_at_ < options_.lease / 3) return;
  record.checkpoint.token.position = published.position;
  record.checkpoint.link = published.link;
  record.checkpoint.token.era = era_;
  record.last_positions = published.last_positions;
  record.last_offsets = published.last_offsets;
  keep_lease(now);
}

void Publication::keep_lease(Moment now) {
  const auto saved = lease_.save(now);
  if (!saved) {
    // The lease goes on running out; until then it is tried again.
    state_.update([&](RelayStatus& status) { status.last_error = to_string(saved.error()); });
    return;
  }
  saved_at_ = now;
  if (!*saved) end_ = End::lease_lost;
}

void Publication::show(Moment now) {
  next_show_ = now + milliseconds(100);
  if (!tracker_) return;
  const std::uint64_t events = tracker_->events();
  const std::chrono::duration<double> window = now - window_begin_;
  const bool full = window >= std::chrono::seconds(1);
  const double rate = full ? static_cast<double>(events - window_events_) / window.count() : 0;
  state_.update([&](RelayStatus& status) {
    status.position = tracker_->published().position;
    status.events += events - shown_events_;
    status.watermarks += tracker_->watermarks() - shown_watermarks_;
    status.waiting_bytes = tracker_->waiting_bytes();
    if (full) status.events_per_second = rate;
    const bool goes_on = events + tracker_->watermarks() > shown_events_ + shown_watermarks_;
    const bool idle = tracker_->waiting_records() == 0;
    if (!producer_->complaint().empty() && !goes_on && !idle) {
      status.last_error = producer_->complaint();
    } else if (goes_on || idle) {
      status.last_error.clear();
    }
  });
  shown_events_ = events;
  shown_watermarks_ = tracker_->watermarks();
  if (full) {
    window_begin_ = now;
    window_events_ = events;
  }
}

void Publication::on_delivered(const KafkaProducer::Delivery& delivery) {
  const auto& [number, error, partition, offset] = delivery;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (!failed_) failed_ = Failed{error, tracker_->position_of(number)};
    return;
  }
  firsts_->acknowledged(partition, SteadyClock::now());
  std::int64_t& landed = landed_[partition];
  if (offset < 0 || offset > landed) {
    landed = std::max(landed, offset);
    tracker_->acknowledge(number, offset);
  } else if (!failed_) {  // Not acknowledged, so that the checkpoint stays before it.
    failed_ = Failed{error, tracker_->position_of(number), was_made_anew(partition, offset)};
  }
}

Error Publication::was_made_anew(std::uint32_t partition, std::int64_t offset) const {
  return {ErrorCode::invalid_argument,
          "topic " + options_.topic + ", partition " + std::to_string(partition) +
              ", took a record at offset " + std::to_string(offset) + ", and one at offset " +
              std::to_string(landed_[partition]) +
              " before: the topic was made anew, or has lost records. Publish to a new topic"};
}

Error Publication::failure() const {
  if (failed_ && failed_->refusal) return *failed_->refusal;
  if (failed_ && failed_->error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && failed_->position) {
    return too_large(*failed_->position);
  }
  const std::string cause = producer_->fatal().value_or("");
  if (!failed_) return {ErrorCode::unavailable, "the producer failed: " + cause};
  const std::string what =
      failed_->position ? "producing position " + to_string(*failed_->position) : "producing";
  return to_error(failed_->error, what, cause);
}

Error Publication::too_large(GlobalPosition position) const {
  std::string event = "position " + to_string(position);
  auto events = read_all(store_, {.start = Start::from(position), .limit = 1});
  if (events && !events->empty()) {
    const RecordedEvent& large = events->front();
    event = "event " + std::string(large.stream) + " version " + to_string(large.version) + " at " +
            event + " (" + std::to_string(large.data.size()) + " bytes of data)";
  }
  return {.code = ErrorCode::invalid_argument,
          .message = event + " is larger than a record may be: record_bytes_max is " +
                     std::to_string(options_.record_bytes_max) +
                     "; raise it, and max.message.bytes of topic " + options_.topic +
                     " (and the brokers' replica.fetch.max.bytes)",
          .position = position};
}

}  // namespace annals::internal
