// Checkpoints of older eras, and how far a subscription looks at once: what the contract cannot
// set up through the door.

#include <gtest/gtest.h>

#include <annals/eventstore/content_hash.hpp>
#include <annals/eventstore/memory_event_store.hpp>
#include <annals/testkit/requests.hpp>

#include "indexed_event_store.hpp"

namespace annals::internal {
namespace {

// The reading half of an engine over an index of one-event appends; nothing can be fetched.
class StoreWithEras final : public IndexedEventStore {
 public:
  StoreWithEras(std::vector<EraBegin> eras, std::uint64_t positions)
      : IndexedEventStore(new_store_id(), std::move(eras)) {
    for (std::uint64_t p = 1; p <= positions; ++p) {
      RecordKeys key{.event = true, .stream = "a-1", .version = {p - 1}, .type = "t", .tags = {}};
      key.hash(hasher_);
      AppendEntry entry{.id = new_append_id(),
                        .digest = {},
                        .first = {p},
                        .count = 1,
                        .recorded_at = {},
                        .link = {}};
      entry.link.bytes[0] = static_cast<std::uint8_t>(p);
      entries_.push_back(entry);
      const Publication publication{.entry = entry,
                                    .offset = static_cast<std::uint32_t>(p - 1),
                                    .check = 0,
                                    .records = {&key, 1}};
      index_.add({&publication, 1});
    }
  }

  StoreId id() const { return store_; }
  using IndexedEventStore::era_of;

  Result<Receipt> append(AppendRequest) override { return unused(); }
  void append_async(AppendRequest, AppendCompletion) override {}
  Result<std::optional<Receipt>> find_append(const AppendId&) override { return unused(); }
  Result<RecordedEvents> fetch(std::span<const GlobalPosition>) const override { return unused(); }
  Result<void> read_append_entries(std::uint64_t, std::span<const AppendSpot> spots,
                                   std::vector<AppendEntry>& into) const override {
    for (const AppendSpot& spot : spots) into.push_back(entries_[spot.offset]);
    return {};
  }
  Result<void> save_snapshot(Snapshot) override { return unused(); }
  Result<std::optional<Snapshot>> load_snapshot(std::string_view, GlobalPosition,
                                                std::uint64_t) const override {
    return unused();
  }
  Result<VerifyReport> verify(const VerifyOptions&) const override { return unused(); }
  Stats stats() const override { return {}; }
  Limits limits() const override { return {}; }

 private:
  std::vector<AppendEntry> entries_;

  static Error unused() { return {.code = ErrorCode::unsupported, .message = "not used"}; }
};

// Era 2 began after position 5 and era 3 after position 3: the store was restored twice, the second
// time further back.
class Eras : public testing::Test {
 protected:
  StoreWithEras store_{{{{1}, {0}}, {{2}, {5}}, {{3}, {3}}}, 8};

  Result<Checkpoint> resume(std::uint32_t era, std::uint64_t position) {
    return store_.resume({{store_.id(), {era}, {position}}, {}});
  }
};

TEST_F(Eras, ACheckpointOfThePresentEraIsGoodUpToTheHead) {
  EXPECT_TRUE(resume(3, 8));
  EXPECT_TRUE(resume(3, 0));
  EXPECT_EQ(resume(3, 9).error().code, ErrorCode::diverged);
}

TEST_F(Eras, ACheckpointOfAnOlderEraMovesIfNoLaterEraBeganBeforeIt) {
  const auto moved = resume(1, 3);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->token, (Token{store_.id(), {3}, {3}}));
  EXPECT_EQ(moved->link, *store_.link_at({3}));
  EXPECT_TRUE(resume(2, 3));
  EXPECT_EQ(resume(2, 4).error().code, ErrorCode::diverged);
  // Within era 1, which ended at 5, but era 3 began at 3.
  EXPECT_EQ(resume(1, 4).error().code, ErrorCode::diverged);
  EXPECT_EQ(resume(1, 6).error().code, ErrorCode::diverged);
}

TEST_F(Eras, AnOlderCheckpointsLinkMustAgree) {
  Checkpoint checkpoint{{store_.id(), {1}, {2}}, *store_.link_at({2})};
  EXPECT_TRUE(store_.resume(checkpoint));
  checkpoint.link = *store_.link_at({3});
  EXPECT_EQ(store_.resume(checkpoint).error().code, ErrorCode::diverged);
}

TEST_F(Eras, AnEraThatTheStoreNeverHadIsDiverged) {
  EXPECT_EQ(resume(0, 1).error().code, ErrorCode::diverged);
  EXPECT_EQ(resume(4, 1).error().code, ErrorCode::diverged);
}

TEST_F(Eras, AnEventsEraIsTheLastThatBeganBeforeIt) {
  EXPECT_EQ(store_.era_of({1}), Era{1});
  EXPECT_EQ(store_.era_of({3}), Era{1});
  EXPECT_EQ(store_.era_of({4}), Era{3});
  EXPECT_EQ(store_.era_of({8}), Era{3});
}

// 100,000 events of which the last one matches: progress is told on the way.
TEST(Subscriptions, AQueryThatMatchesAlmostNothingReportsProgressInSteps) {
  const auto store = make_memory_event_store();
  for (int i = 0; i < 10; ++i) {
    AppendRequest request = testkit::append_to("a-1", ExpectedVersion::any(), 10'000);
    if (i == 9) request.events.back().type = "rare";
    ASSERT_TRUE(store->append(std::move(request)));
  }
  const auto subscription = store->subscribe({.query = Query::type("rare")});
  ASSERT_TRUE(subscription);
  std::uint64_t batches = 0;
  std::uint64_t done = 0;
  std::size_t events = 0;
  while (done < 100'000) {
    const auto batch = (*subscription)->next(std::chrono::seconds(30));
    ASSERT_TRUE(batch);
    ASSERT_GT(batch->complete_up_to.value, done);
    EXPECT_LE(batch->complete_up_to.value - done, 65'536U + 10'000U);
    EXPECT_EQ(batch->complete_up_to.value % 10'000, 0U) << "the end of an append";
    done = batch->complete_up_to.value;
    events += batch->events.size();
    ++batches;
  }
  EXPECT_EQ(events, 1U);
  EXPECT_GE(batches, 2U);
}

}  // namespace
}  // namespace annals::internal
