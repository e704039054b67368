#include "topic_member.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "kafka_error.hpp"
#include "partition_subscription.hpp"

namespace annals::internal {

namespace {

using std::chrono::milliseconds;

// How late a stop is noticed.
constexpr milliseconds member_nap(100);
constexpr int seek_ms = 5'000;

}  // namespace

/// One partition, as those see it who project it.
class TopicMember::Part final : public EventSource {
 public:
  Part(const TopicMember& member, std::uint32_t index) : member_(member), index_(index) {}

  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    return PartitionSubscription::make(member_, index_, std::move(options));
  }
  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    return member_.setup_.topic->resume(checkpoint);
  }
  Head head() const override {
    const auto view = member_.setup_.watch->view();
    if (!view || index_ >= view->partitions.size()) return {};
    return {view->partitions[index_].position, Link{}};
  }
  Result<std::optional<Timestamp>> waiting_since(GlobalPosition position) const override {
    return member_.setup_.topic->waiting_since(position);
  }
  Result<RecordedEvents> find(const Query& query,
                              std::span<const GlobalPosition> positions) const override {
    return member_.setup_.topic->find(query, positions);
  }

 private:
  const TopicMember& member_;
  const std::uint32_t index_;
};

TopicMember::TopicMember(Setup setup) : setup_(std::move(setup)), lanes_(setup_.partitions) {
  for (std::uint32_t i = 0; i < setup_.partitions; ++i) {
    parts_.push_back(std::make_unique<Part>(*this, i));
  }
}

Result<std::unique_ptr<TopicMember>> TopicMember::join(Setup setup) {
  std::unique_ptr<TopicMember> member(new TopicMember(std::move(setup)));
  if (auto entered = member->enter_group(); !entered) return std::move(entered).error();
  member->thread_ = std::thread([self = member.get()] { self->run(); });
  return member;
}

TopicMember::~TopicMember() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
  note_error("");
}

Result<void> TopicMember::enter_group() {
  KafkaConsumer::Setup setup = setup_.consumer;
  setup.rebalanced = [this](rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions) {
    on_rebalance(what, partitions);
  };
  auto made = KafkaConsumer::make(std::move(setup));
  if (!made) return std::move(made).error();
  const std::lock_guard lock(mutex_);
  for (std::uint32_t i = 0; i < setup_.partitions; ++i) lanes_[i].queue = (*made)->queue_of(i);
  consumer_ = *std::move(made);
  return {};
}

void TopicMember::leave_group() {
  // On the member's thread, so that the last rebalance is served here, too.
  consumer_->leave();
  std::vector<std::uint32_t> held;
  for (std::uint32_t i = 0; i < setup_.partitions; ++i) {
    if (holds(i)) held.push_back(i);
  }
  give_back(held);
}

std::shared_ptr<KafkaConsumer> TopicMember::consumer() const {
  const std::lock_guard lock(mutex_);
  return consumer_;
}

void TopicMember::run() {
  while (!stopping_.load()) {
    if (put_out_) {
      std::this_thread::sleep_for(member_nap);
      continue;
    }
    if (given_up_.load()) {
      leave_group();
      if (auto entered = enter_group(); !entered) {
        note_error(to_string(entered.error()));  // The next turn tries again.
        continue;
      }
      given_up_.store(false);
    }
    if (KafkaMessage message = consumer_->poll(member_nap)) receive(std::move(message));
  }
  leave_group();
  const std::lock_guard lock(mutex_);
  lanes_.clear();
}

void TopicMember::receive(KafkaMessage message) {
  char said[512] = {};
  const auto fatal = rd_kafka_fatal_error(consumer_->client(), said, sizeof said);
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Kafka has given its place to another of the same group.instance.id. Coming back would put
    // that one out.
    note_error(to_string(to_error(fatal, "put out of group " + setup_.consumer.group, said)));
    put_out_ = true;
    leave_group();
    return;
  }
  const auto partition = static_cast<std::size_t>(message->partition);
  if (message->rkt == nullptr || partition >= setup_.partitions) {
    const char* const text = rd_kafka_message_errstr(message.get());
    note_error(to_string(
        to_error(message->err, "group " + setup_.consumer.group, text == nullptr ? "" : text)));
    return;
  }
  // Errors of the partition, too: who reads it says what they mean.
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[partition];
  if (lane.holding.number != 0) lane.delivered.push_back(std::move(message));
}

void TopicMember::note_error(std::string error) const {
  setup_.errors->note(setup_.consumer.group, std::move(error));
}

bool TopicMember::holds(std::uint32_t partition) const { return holding(partition).number != 0; }

const EventSource& TopicMember::partition(std::uint32_t partition) const {
  return *parts_[partition];
}

TopicMember::Holding TopicMember::holding(std::uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  return partition < lanes_.size() ? lanes_[partition].holding : Holding{};
}

void TopicMember::note_read(std::uint32_t partition, std::uint64_t holding,
                            std::int64_t offset) const {
  const std::lock_guard lock(mutex_);
  if (partition >= lanes_.size() || lanes_[partition].holding.number != holding) return;
  lanes_[partition].holding.offset = offset;
}

std::deque<KafkaMessage> TopicMember::delivered(std::uint32_t partition) const {
  const std::lock_guard lock(mutex_);
  if (partition >= lanes_.size()) return {};
  return std::exchange(lanes_[partition].delivered, {});
}

Result<void> TopicMember::seek(std::uint32_t partition, std::uint64_t holding,
                               std::int64_t offset) const {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* const place = rd_kafka_topic_partition_list_add(
      list.get(), setup_.consumer.topic.c_str(), static_cast<std::int32_t>(partition));
  place->offset = offset;
  const auto reading = consumer();
  rd_kafka_error_t* problem = rd_kafka_seek_partitions(reading->client(), list.get(), seek_ms);
  rd_kafka_resp_err_t error = place->err;
  if (problem != nullptr) {
    error = rd_kafka_error_code(problem);
    rd_kafka_error_destroy(problem);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // It stops where an offset is out of range, and then does not seek either.
    const bool stopped = error == RD_KAFKA_RESP_ERR__STATE;
    if (stopped && this->holding(partition).offset == place_lost) given_up_.store(true);
    return Error{ErrorCode::unavailable, "going to offset " + std::to_string(offset) +
                                             " of partition " + std::to_string(partition) + ": " +
                                             text_of(error)};
  }
  static_cast<void>(delivered(partition));  // Of before.
  note_read(partition, holding, offset);
  return {};
}

void TopicMember::on_rebalance(rd_kafka_resp_err_t what,
                               rd_kafka_topic_partition_list_t* partitions) {
  rd_kafka_t* const client = consumer_->client();
  const char* const protocol = rd_kafka_rebalance_protocol(client);
  const bool cooperative = protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
  rd_kafka_error_t* problem = nullptr;
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    note_error("");
    take(partitions);
    if (cooperative) {
      problem = rd_kafka_incremental_assign(client, partitions);
    } else {
      rd_kafka_assign(client, partitions);
    }
    for (int i = 0; i < partitions->cnt; ++i) {
      const auto partition = static_cast<std::uint32_t>(partitions->elems[i].partition);
      if (partition < setup_.partitions && setup_.options.given) setup_.options.given(partition);
    }
  } else {
    // An assignment that was lost is given back likewise: whoever has it by now has raised the
    // epoch, and commits of this member change nothing.
    std::vector<std::uint32_t> lost;
    for (int i = 0; i < partitions->cnt; ++i) {
      lost.push_back(static_cast<std::uint32_t>(partitions->elems[i].partition));
    }
    give_back(lost);
    if (cooperative) {
      problem = rd_kafka_incremental_unassign(client, partitions);
    } else {
      rd_kafka_assign(client, nullptr);
    }
  }
  // A rebalance that came to nothing is followed by another.
  if (problem != nullptr) rd_kafka_error_destroy(problem);
}

void TopicMember::take(rd_kafka_topic_partition_list_t* partitions) {
  std::vector<std::string> cursors;
  if (setup_.options.cursors) {
    // If they cannot be had now, whoever subscribes goes to the right place.
    if (auto found = setup_.options.cursors()) cursors = *std::move(found);
  }
  cursors.resize(setup_.partitions);
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < partitions->cnt; ++i) {
    rd_kafka_topic_partition_t& given = partitions->elems[i];
    const auto partition = static_cast<std::uint32_t>(given.partition);
    if (partition >= lanes_.size()) continue;
    given.offset = begin_of(partition, cursors[partition]);
    lanes_[partition].delivered.clear();
    lanes_[partition].holding = {++holdings_, given.offset};
  }
}

std::int64_t TopicMember::begin_of(std::uint32_t partition, const std::string& cursor) const {
  // By number: librdkafka asks the brokers where BEGINNING is, and goes there even if it was told
  // to seek meanwhile.
  const auto view = setup_.watch->view();
  const std::int64_t first =
      view ? view->partitions[partition].offsets.begin : RD_KAFKA_OFFSET_BEGINNING;
  const auto place = parse_topic_cursor(cursor);
  if (!place || !*place || setup_.from_another_topic) return first;
  const auto known = (*place)->places.find(partition);
  if (known == (*place)->places.end()) return first;
  return TopicReader::first_offset(known->second);
}

void TopicMember::give_back(std::span<const std::uint32_t> partitions) {
  std::vector<std::uint32_t> taken_away;
  {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t partition : partitions) {
      if (partition >= lanes_.size()) continue;
      lanes_[partition].holding = {};
      lanes_[partition].delivered.clear();
      taken_away.push_back(partition);
    }
  }
  setup_.counts->given_back += taken_away.size();
  if (setup_.options.taken_away && !taken_away.empty()) setup_.options.taken_away(taken_away);
}

}  // namespace annals::internal
