// Read models beside a store that was restored from a backup.

#include <filesystem>

#include <gtest/gtest.h>

#include <annals/eventstore/log_backup.hpp>
#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "projections/warehouse.hpp"

namespace annals::warehouse {
namespace {

class RestoredStore : public testing::Test {
 protected:
  /// A store of ten events with a read model of them, backed up; then ten more, with another read
  /// model that has seen them; then the backup is restored and grows beyond where the old one
  /// ended.
  void SetUp() override {
    auto old = *open_log_event_store({.path = folder_.file("store")});
    for (int i = 0; i < 10; ++i) arrive(*old, i);
    project(*old, *within_, GlobalPosition{10});
    ASSERT_TRUE(backup_log({.path = folder_.file("store")}, folder_.file("backup")));
    for (int i = 0; i < 10; ++i) append(*old, GoodsArrived{"lost", 1});
    project(*old, *beyond_, GlobalPosition{20});
    ASSERT_TRUE(restore_log(folder_.file("backup"), {.path = folder_.file("restored")}));
    restored_ = *open_log_event_store({.path = folder_.file("restored")});
    plain_ = {};
    for (int i = 0; i < 10; ++i) plain_.fold(goods(i));
    for (int i = 10; i < 35; ++i) {
      arrive(*restored_, i);
      plain_.fold(goods(i));
    }
  }

  static GoodsArrived goods(int i) { return {"shelf-" + std::to_string(i % 3), i}; }
  static void arrive(EventStore& store, int i) { append(store, goods(i)); }
  static void project(const EventStore& events, ReadModelStore& rows, GlobalPosition position) {
    ProjectionRunner runner(events, rows);
    ASSERT_TRUE(runner.add<Stock>());
    expect_reached(runner, "stock", position);
  }

  testkit::TemporaryFolder folder_;
  std::unique_ptr<ReadModelStore> within_ = open_rows();
  std::unique_ptr<ReadModelStore> beyond_ = open_rows();
  std::unique_ptr<EventStore> restored_;
  PlainStock plain_;
};

TEST_F(RestoredStore, AReadModelWithinTheBackupGoesOnInTheNewEraEachEventOnce) {
  project(*restored_, *within_, restored_->head().position);
  expect_rows(*within_, plain_);
  const auto checkpoint = record_of(*within_, "stock").checkpoint;
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->token.era, Era{2});
}

TEST_F(RestoredStore, AReadModelThatHasSeenMoreIsDivergedAndLeftAsItWas) {
  const auto before = all_rows<Shelf>(*beyond_);
  ProjectionRunner runner(*restored_, *beyond_);
  const auto added = runner.add<Stock>();
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::diverged) << to_string(added.error());
  EXPECT_EQ(all_rows<Shelf>(*beyond_), before);
}

TEST(OlderCopy, BesideANewerReadModelIsDivergedAndBesideAnOlderOneGoesOn) {
  const testkit::TemporaryFolder folder;
  const auto open = [&](const std::string& name) {
    auto store = open_log_event_store(
        {.path = folder.file(name), .durability = Durability::survives_process_only});
    EXPECT_TRUE(store) << to_string(store.error());
    return *std::move(store);
  };
  const auto project = [&](const std::string& store_name, ReadModelStore& rows) {
    const auto store = open(store_name);
    ProjectionRunner runner(*store, rows);
    auto added = runner.add<Stock>();
    if (added) expect_reached(runner, "stock", store->head().position);
    return added;
  };
  append(*open("store"), GoodsArrived{"a", 1});
  const auto older_rows = open_rows(folder.file("older.db"));
  ASSERT_TRUE(project("store", *older_rows));

  std::filesystem::copy(folder.file("store"), folder.file("copy"),
                        std::filesystem::copy_options::recursive);
  append(*open("store"), GoodsArrived{"a", 2});
  const auto newer_rows = open_rows(folder.file("newer.db"));
  ASSERT_TRUE(project("store", *newer_rows));

  const auto refused = project("copy", *newer_rows);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::diverged) << to_string(refused.error());
  EXPECT_NE(refused.error().message.find("stock"), std::string::npos);
  // The copy takes another way from there: the same positions, another history.
  append(*open("copy"), GoodsArrived{"a", 30});
  EXPECT_EQ(project("copy", *newer_rows).error().code, ErrorCode::diverged);
  EXPECT_EQ(all_rows<Shelf>(*newer_rows).at(0).count, 3) << "nothing was applied";
  ASSERT_TRUE(project("copy", *older_rows));
  EXPECT_EQ(all_rows<Shelf>(*older_rows).at(0).count, 31);
}

}  // namespace
}  // namespace annals::warehouse
