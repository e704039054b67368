#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <annals/eventstore/subscription.hpp>

#include "readiness.hpp"
#include "topic_member.hpp"
#include "topic_reader.hpp"

namespace annals::internal {

/// One partition of a topic, while a member of a group holds it.
class PartitionSubscription final : public Subscription {
 public:
  /// Errors: those of parse_topic_cursor.
  static Result<std::unique_ptr<Subscription>> make(const TopicMember& member,
                                                    std::uint32_t partition,
                                                    SubscriptionOptions options);

  Result<Batch> next(std::chrono::milliseconds timeout) override;
  void on_ready(std::function<void()> wake) override { readiness_.set_wake(std::move(wake)); }
  void stop() override { readiness_.stop(); }
  bool stopped() const override { return readiness_.stopped(); }

 private:
  PartitionSubscription(const TopicMember& member, std::uint32_t partition,
                        SubscriptionOptions options)
      : member_(member), partition_(partition), options_(std::move(options)) {}

  Result<void> begin();
  Result<void> read();
  /// The next call begins anew, behind the last record that was read.
  void begin_again();
  Batch batch();

  const TopicMember& member_;
  const std::uint32_t partition_;
  const SubscriptionOptions options_;
  std::optional<TopicCursor> place_;  // What options_.cursor says.
  Readiness readiness_;
  std::shared_ptr<KafkaConsumer> consumer_;  // That the reader reads; ends behind it.
  std::optional<TopicReader> reader_;
  std::uint64_t holding_ = 0;
  // For the next batch.
  std::vector<RecordedEvent> events_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::size_t bytes_ = 0;
  Checkpoint reached_;
  std::optional<Error> failed_;  // For the next call.
};

}  // namespace annals::internal
