// Who is to have which partition: by the records alone, no database, no clock.

#include <random>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "share.hpp"

namespace annals::internal {
namespace {

Holder holder_named(const std::string& name) {
  return {.host = "elsewhere", .pid = 1, .started = 1, .runner = name};
}

/// What a database would hold, and do.
class Records {
 public:
  explicit Records(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      CheckpointRecord record;
      record.projection = "p";
      record.partition = {i, count};
      records_.push_back(record);
    }
  }
  CheckpointRecord& operator[](std::size_t i) { return records_[i]; }
  void hold(std::size_t i, const std::string& worker) {
    records_[i].holder = holder_named(worker);
    records_[i].leased = true;
    records_[i].wanted_by.reset();
  }
  void free(std::size_t i) {
    records_[i].holder.reset();
    records_[i].leased = false;
  }
  std::size_t held_by(const std::string& worker) const {
    std::size_t held = 0;
    for (const auto& record : records_) held += record.holder == holder_named(worker) ? 1U : 0U;
    return held;
  }
  bool may_claim(std::size_t i, const std::string& worker) const {
    return rule(worker).may_claim(records_[i]).has_value();
  }
  std::optional<std::uint32_t> asks_for(const std::string& worker) const {
    const auto wish = rule(worker).to_ask_for();
    return wish ? std::optional(wish->index) : std::nullopt;
  }
  /// What one worker does when it looks, and the holder of what it asks for in answer.
  bool step(const std::string& worker) {
    bool moved = false;
    std::set<std::uint32_t> granted;
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      if (records_[i].holder == holder_named(worker) && records_[i].leased) {
        if (!records_[i].wanted_by) continue;
        free(i);
        moved = true;
      } else if (ShareRule(records_, holder_named(worker), granted).may_claim(records_[i])) {
        granted.insert(i);
        hold(i, worker);
        moved = true;
      }
    }
    if (const auto wish = asks_for(worker)) {
      records_[*wish].wanted_by = holder_named(worker);
      moved = true;
    }
    return moved;
  }

 private:
  ShareRule rule(const std::string& worker) const {
    return ShareRule(records_, holder_named(worker), {});
  }
  std::vector<CheckpointRecord> records_;
};

TEST(ShareRule, AWorkerAloneTakesAll) {
  Records records(4);
  while (records.step("a")) continue;
  EXPECT_EQ(records.held_by("a"), 4U);
  EXPECT_EQ(records.asks_for("a"), std::nullopt);
}

TEST(ShareRule, ANewcomerAsksForOneAtATimeUntilItHasItsShare) {
  Records records(4);
  for (std::size_t i = 0; i < 4; ++i) records.hold(i, "a");
  EXPECT_FALSE(records.may_claim(0, "b"));
  ASSERT_TRUE(records.asks_for("b"));
  records[0].wanted_by = holder_named("b");
  EXPECT_TRUE(records.asks_for("b")) << "its share is two";
  records[1].wanted_by = holder_named("b");
  EXPECT_EQ(records.asks_for("b"), std::nullopt);
  records.free(0);
  EXPECT_FALSE(records.may_claim(0, "a")) << "it is given to who asked for it";
  EXPECT_TRUE(records.may_claim(0, "b"));
}

TEST(ShareRule, WhoHasNoMoreThanItsShareIsNotAsked) {
  Records records(4);
  records.hold(0, "a");
  records.hold(1, "a");
  records.hold(2, "b");
  records.hold(3, "c");
  EXPECT_EQ(records.asks_for("d"), 0U) << "of four workers only a has two";
  records[0].wanted_by = holder_named("d");
  EXPECT_EQ(records.asks_for("e"), std::nullopt) << "for a fifth there is no share";
}

TEST(ShareRule, AFreePartitionIsLeftToWhoHasLessThanItsShare) {
  Records records(4);
  records.hold(0, "a");
  records.hold(1, "a");
  records.hold(2, "b");
  records[1].wanted_by = holder_named("c");
  EXPECT_FALSE(records.may_claim(3, "a"));
  records[1].wanted_by.reset();
  EXPECT_TRUE(records.may_claim(3, "b"));
}

TEST(ShareRule, AHaltedPartitionMayBeTriedByAnybodyAndIsNobodysShare) {
  Records records(2);
  records.hold(0, "a");
  records[1].failure = "cannot go on";
  EXPECT_TRUE(records.may_claim(1, "a"));
  EXPECT_TRUE(records.may_claim(1, "b"));
  EXPECT_EQ(records.asks_for("b"), std::nullopt);
}

TEST(ShareRule, OfManyWorkersAfterAnyComingAndGoingAllHaveTheirShareSoon) {
  std::mt19937_64 random(testkit::seed(17));
  for (int round = 0; round < 200; ++round) {
    const std::size_t partitions = random() % 16 + 1;
    Records records(static_cast<std::uint32_t>(partitions));
    std::vector<std::string> workers;
    for (std::size_t i = random() % 6 + 1; i > 0; --i) workers.push_back("w" + std::to_string(i));
    // Whatever came before: some hold more than their share, one of them is gone.
    for (std::size_t i = 0; i < partitions; ++i) {
      if (random() % 3 != 0) records.hold(i, workers[random() % workers.size()]);
    }
    bool moved = true;
    int steps = 0;
    for (; moved && steps < 200; ++steps) {
      moved = false;
      for (const std::string& worker : workers) moved = records.step(worker) || moved;
    }
    EXPECT_LT(steps, 200) << "partitions go to and fro";
    std::size_t held = 0;
    for (const std::string& worker : workers) {
      held += records.held_by(worker);
      if (partitions < workers.size()) continue;
      EXPECT_GE(records.held_by(worker), partitions / workers.size());
    }
    EXPECT_EQ(held, partitions);
  }
}

}  // namespace
}  // namespace annals::internal
