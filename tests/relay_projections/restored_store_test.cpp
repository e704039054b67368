// A store that was restored from a backup has a new era. A topic of the old one stays what it was,
// and consumers take nothing of the new one from it.

#include <annals/eventstore/log_backup.hpp>
#include <annals/projections/rebuild.hpp>

#include "group_member.hpp"
#include "kafka/topic.hpp"
#include "per_stream.hpp"
#include "published.hpp"

namespace annals::warehouse {
namespace {

class RestoredTopic : public PublishedWarehouse {
 protected:
  /// A log is published and projected, in a group and from all partitions, and backed up.
  void SetUp() override {
    PublishedWarehouse::SetUp();
    if (IsSkipped()) return;
    relay_options().partitions = 3;
    use(*open_log_event_store({.path = folder_.file("old")}));
    backed_up_ = grow(300);
    publish();
    project();
    ASSERT_TRUE(backup_log({.path = folder_.file("old")}, folder_.file("backup")));
  }
  void restore() {
    ASSERT_TRUE(restore_log(folder_.file("backup"), {.path = folder_.file("restored")}));
    use(*open_log_event_store({.path = folder_.file("restored")}));
    ASSERT_EQ(store().token().era, Era{2});
  }
  /// Both projections, until they have come to the head.
  void project() {
    const auto kafka = member();
    ProjectionRunner runner(*kafka, *rows_);
    ASSERT_TRUE(join_group<PerStream>(runner, *kafka));
    ASSERT_TRUE(runner.add<Stock>());
    for (const char* projection : {"per_stream", "stock"}) {
      expect_reached(runner, projection, store().head().position);
    }
  }
  /// A runner says so, after it has halted.
  static void expect_diverged(const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::unavailable) << to_string(error);
    EXPECT_NE(error.message.find("is of era 2, and what was taken is of era 1"), std::string::npos)
        << error.message;
  }

  testkit::TemporaryFolder folder_;
  GlobalPosition backed_up_;
  const std::unique_ptr<ReadModelStore> rows_ = open_rows();
};

TEST_F(RestoredTopic, TheRelayThatHadPublishedMoreThanTheBackupHoldsStopsAndPublishesNothing) {
  grow(400);
  publish();
  const auto before = kafka_test::read_topic(relay_options().brokers, topic());
  restore();
  grow(500);
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  const auto ended = relay.wait();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::diverged) << to_string(ended.error());
  const auto after = kafka_test::read_topic(relay_options().brokers, topic());
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].size(), before[i].size());
}

TEST_F(RestoredTopic, ConsumersOfTheOldEraRefuseTheNewOneAndAreLeftAsTheyWere) {
  const auto shelves = all_rows<Shelf>(*rows_);
  const auto counts = all_rows<StreamCount>(*rows_);
  restore();
  const GlobalPosition head = grow(400);
  publish();  // It had published no more than the backup holds, and goes on.
  const auto kafka = member();
  ProjectionRunner runner(*kafka, *rows_);
  ASSERT_TRUE(join_group<PerStream>(runner, *kafka));
  ASSERT_TRUE(runner.add<Stock>());
  for (const char* projection : {"per_stream", "stock"}) {
    const auto halted = runner.wait(projection, head, patience);
    ASSERT_FALSE(halted) << projection;
    expect_diverged(halted.error());
    EXPECT_EQ(record_of(*rows_, projection).position(), backed_up_) << projection;
  }
  EXPECT_EQ(all_rows<Shelf>(*rows_), shelves);
  EXPECT_EQ(all_rows<StreamCount>(*rows_), counts);

  // Nor does a read model that is made anew take two eras for one.
  const auto anew = open_rows();
  const auto all = source();
  ProjectionRunner beginner(*all, *anew);
  ASSERT_TRUE(beginner.add<Stock>());
  const auto halted = beginner.wait("stock", head, patience);
  ASSERT_FALSE(halted);
  expect_diverged(halted.error());
}

TEST_F(RestoredTopic, ProjectedFromTheLogTheyGoOnFromANewTopic) {
  restore();
  grow(400);
  {
    ProjectionRunner runner(store(), *rows_);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", store().head().position);
  }
  ASSERT_TRUE(rebuild(store(), *rows_, projection_type_of<PerStream>(),
                      {.partitions = 3, .split_by = SplitBy::stream}));
  relay_options().topic = kafka_test::new_topic_name();
  grow(500);
  publish();
  KafkaSourceOptions options = source_options();
  options.group = topic();
  options.from_another_topic = true;
  const auto kafka = source(options);
  ProjectionRunner runner(*kafka, *rows_);
  ASSERT_TRUE(join_group<PerStream>(runner, *kafka));
  ASSERT_TRUE(runner.add<Stock>());
  for (const char* projection : {"per_stream", "stock"}) {
    expect_reached(runner, projection, store().head().position);
  }
  expect_counts_of(store(), *rows_);
  const auto expected = open_rows();
  ProjectionRunner plain(store(), *expected);
  ASSERT_TRUE(plain.add<Stock>());
  expect_reached(plain, "stock", store().head().position);
  EXPECT_EQ(all_rows<Shelf>(*rows_), all_rows<Shelf>(*expected));
  EXPECT_EQ(all_rows<Handling>(*rows_), all_rows<Handling>(*expected));
}

}  // namespace
}  // namespace annals::warehouse
