#include <algorithm>
#include <chrono>
#include <utility>

#include <annals/relay/kafka_source.hpp>
#include <annals/relay/relay_checkpoints.hpp>

#include "topic_member.hpp"
#include "topic_subscription.hpp"
#include "topic_watch.hpp"

namespace annals {

namespace {

using internal::KafkaConsumer;
using internal::TopicMember;
using internal::TopicSubscription;
using internal::TopicWatch;

// How long it is waited for the first sight of the topic, and for an event put aside.
constexpr std::chrono::seconds first_look_max(10);
constexpr std::chrono::seconds silence_max(30);

// In neither part of a group's id, so that no two pairs come to the same one.
constexpr char group_separator = '/';

// Group ids differ by what is read for: consumers have places of their own.
std::string group_of(const std::string& group, const std::string& consumer) {
  return group + group_separator + consumer;
}

class Source final : public KafkaSource {
 public:
  Source(KafkaSourceOptions options, KafkaConsumer::Setup consumer,
         std::unique_ptr<TopicWatch> watch)
      : options_(std::move(options)), consumer_(std::move(consumer)), watch_(std::move(watch)) {}

  Result<std::unique_ptr<Subscription>> subscribe(SubscriptionOptions options) const override {
    TopicSubscription::Setup setup{.consumer = consumer_,
                                   .options = std::move(options),
                                   .from_another_topic = options_.from_another_topic,
                                   .watch = watch_,
                                   .counts = counts_};
    auto place = internal::parse_topic_cursor(setup.options.cursor);
    if (!place) return std::move(place).error();
    setup.place = *std::move(place);
    return std::unique_ptr<Subscription>(std::make_unique<TopicSubscription>(std::move(setup)));
  }

  Result<Checkpoint> resume(const Checkpoint& checkpoint) const override {
    auto view = watch_->view(first_look_max);
    if (!view) return std::move(view).error();
    if (!view->history || view->history->store == checkpoint.token.store) return checkpoint;
    return Error{ErrorCode::invalid_argument,
                 "topic " + options_.topic + " holds the events of store " +
                     to_string(view->history->store) + ", and the checkpoint is of store " +
                     to_string(checkpoint.token.store)};
  }

  Head head() const override { return watch_->head(); }

  Result<std::optional<Timestamp>> waiting_since(GlobalPosition position) const override {
    return watch_->waiting_since(position);
  }

  // There is no way to an event by its position but past those before it.
  Result<RecordedEvents> find(const Query& query,
                              std::span<const GlobalPosition> positions) const override {
    std::vector<RecordedEvent> found;
    std::vector<std::shared_ptr<const void>> owners;
    if (positions.empty()) return RecordedEvents();
    auto subscription = subscribe({.query = query});
    if (!subscription) return std::move(subscription).error();
    GlobalPosition reached;
    auto moved_at = std::chrono::steady_clock::now();
    while (reached < positions.back()) {
      auto batch = (*subscription)->next(std::chrono::seconds(1));
      if (!batch) return std::move(batch).error();
      const auto now = std::chrono::steady_clock::now();
      if (batch->complete_up_to > std::exchange(reached, batch->complete_up_to)) moved_at = now;
      bool any = false;
      for (const RecordedEvent& event : batch->events) {
        if (!std::binary_search(positions.begin(), positions.end(), event.position)) continue;
        found.push_back(event);
        any = true;
      }
      if (any) owners.push_back(std::make_shared<const RecordedEvents>(batch->events));
      if (now - moved_at > silence_max) {
        return Error{ErrorCode::unavailable, "topic " + options_.topic +
                                                 " could be read to position " +
                                                 to_string(reached) + ", and position " +
                                                 to_string(positions.back()) + " is wanted"};
      }
    }
    return RecordedEvents(std::move(found), std::move(owners));
  }

  Result<std::uint32_t> partitions() const override {
    auto view = watch_->view(first_look_max);
    if (!view) return std::move(view).error();
    return view->identity.partitions;
  }

  Result<std::unique_ptr<PartitionMember>> join(MembershipOptions options) const override {
    if (options_.group.empty()) {
      return Error{ErrorCode::invalid_argument,
                   "topic " + options_.topic + " is not shared: no group was named"};
    }
    if (options.consumer.find(group_separator) != std::string::npos) {
      return Error{ErrorCode::invalid_argument, "consumer '" + options.consumer +
                                                    "': a group's name cannot be made of it, since "
                                                    "it holds a '/'"};
    }
    const auto count = partitions();
    if (!count) return count.error();
    TopicMember::Setup setup{.consumer = consumer_,
                             .options = std::move(options),
                             .partitions = *count,
                             .from_another_topic = options_.from_another_topic,
                             .watch = watch_,
                             .counts = counts_,
                             .errors = group_errors_,
                             .topic = this};
    setup.consumer.group = group_of(options_.group, setup.options.consumer);
    setup.consumer.buffer_bytes_max =
        std::max<std::size_t>(setup.consumer.buffer_bytes_max / *count, 1);
    auto member = TopicMember::join(std::move(setup));
    if (!member) return std::move(member).error();
    return std::unique_ptr<PartitionMember>(*std::move(member));
  }

  KafkaSourceStatus status() const override {
    KafkaSourceStatus status;
    if (const auto view = watch_->view()) {
      for (const auto& part : view->partitions) {
        status.partitions.push_back({part.offsets.begin, part.offsets.end, part.position});
      }
    }
    status.head = watch_->head().position;
    status.records = counts_->taken.load();
    status.repeated = counts_->dropped.load();
    status.given_back = counts_->given_back.load();
    status.last_error = watch_->last_error();
    if (status.last_error.empty()) status.last_error = group_errors_->any();
    return status;
  }

 private:
  const KafkaSourceOptions options_;
  const KafkaConsumer::Setup consumer_;
  const std::shared_ptr<const TopicWatch> watch_;
  const std::shared_ptr<internal::ReadCounts> counts_ = std::make_shared<internal::ReadCounts>();
  const std::shared_ptr<internal::GroupErrors> group_errors_ =
      std::make_shared<internal::GroupErrors>();
};

}  // namespace

Result<std::unique_ptr<KafkaSource>> make_kafka_source(KafkaSourceOptions options) {
  if (options.brokers.empty()) {
    return Error{ErrorCode::invalid_argument, "a Kafka source needs the addresses of brokers"};
  }
  if (!is_topic_name(options.topic)) {
    return Error{ErrorCode::invalid_argument,
                 "'" + options.topic +
                     "' is not a topic's name: 1 to 249 of A-Z, a-z, 0-9, '.', "
                     "'_' and '-'"};
  }
  if (options.group.find(group_separator) != std::string::npos) {
    return Error{ErrorCode::invalid_argument,
                 "group '" + options.group + "': it must not hold a '/'"};
  }
  if (auto allowed = internal::check_consumer_settings(options.settings); !allowed) {
    return allowed.error();
  }
  KafkaConsumer::Setup consumer{.settings = options.settings,
                                .topic = options.topic,
                                .buffer_bytes_max = options.buffer_bytes_max};
  consumer.settings.emplace_back("bootstrap.servers", options.brokers);
  KafkaConsumer::Setup watching = consumer;
  watching.buffer_bytes_max = std::size_t{1024} * 1024;
  watching.tells_ends = true;
  auto watch = TopicWatch::start(std::move(watching));
  if (!watch) return std::move(watch).error();
  return std::unique_ptr<KafkaSource>(
      std::make_unique<Source>(std::move(options), std::move(consumer), *std::move(watch)));
}

}  // namespace annals
