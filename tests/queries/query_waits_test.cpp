// Queries that wait: for a projector, for a cut, for each other.

#include <functional>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include <annals/projections/rebuild.hpp>
#include <annals/queries/query_bus.hpp>

#include "projections/gate.hpp"
#include "projections/warehouse.hpp"

namespace annals::warehouse {
namespace {

using std::chrono::milliseconds;

struct CountOf {
  std::string shelf;
  milliseconds pause{0};  ///< While it reads.
  using Projection = Stock;
  Result<std::int64_t> answer(Rows& rows) const {
    std::this_thread::sleep_for(pause);
    auto row = rows.find<Shelf>(shelf);
    if (!row) return std::move(row).error();
    return *row ? (*row)->count : 0;
  }
};

class QueryWaitsTest : public testing::Test {
 protected:
  std::unique_ptr<EventStore> events_ = make_memory_event_store({});
  std::unique_ptr<ReadModelStore> rows_ = open_rows();
  QueryBus bus_{*events_, *rows_, {.scratch = [] { return open_sqlite_read_models({}); }}};
};

TEST_F(QueryWaitsTest, TheLongestTimeoutIsNotOverAtOnce) {
  ProjectionRunner runner(*events_, *rows_);
  ASSERT_TRUE(runner.add<Stock>());
  ASSERT_TRUE(rows_->set_paused("stock", true));
  while (runner.status("stock")->activity != ProjectionActivity::paused) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  auto live = bus_.watch(CountOf{"a"}, Consistency::eventual());
  ASSERT_TRUE(live.next(milliseconds::max()));
  const Token token = append(*events_, GoodsArrived{"a", 1}).token();
  std::vector<std::future<bool>> waiting;
  for (const auto& level : {Consistency::at_least(token, milliseconds::max()),
                            Consistency::strong(milliseconds::max())}) {
    waiting.push_back(std::async(std::launch::async,
                                 [&, level] { return bus_.ask(CountOf{"a"}, level).has_value(); }));
  }
  waiting.push_back(std::async(std::launch::async, [&] {
    const auto next = live.next(milliseconds::max());
    return next && *next && (*next)->value == 1;
  }));
  std::this_thread::sleep_for(milliseconds(20));
  ASSERT_TRUE(rows_->set_paused("stock", false));
  for (auto& answer : waiting) EXPECT_TRUE(answer.get());
  EXPECT_TRUE(bus_.ask(CountOf{"a"}, Consistency::at_least(token, milliseconds::min())))
      << "what is there is not waited for";
}

TEST_F(QueryWaitsTest, OfASplitProjectionThePartitionFurthestBehindIsWaitedFor) {
  ProjectionRunner runner(*events_, *rows_, {.progress_every = std::chrono::hours(1)});
  ASSERT_TRUE(runner.add<Stock>(4));
  for (const char* shelf : {"a", "b", "c", "d"}) {
    const auto receipt = append(*events_, GoodsArrived{shelf, 3});
    const auto answer = bus_.ask(
        CountOf{shelf},
        Consistency::at_least({receipt.store, receipt.era, receipt.last_position}, patience));
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->value, 3);
    EXPECT_GE(answer->token.position, receipt.last_position);
  }
}

TEST_F(QueryWaitsTest, APartitionThatHasSeenAnotherHistoryIsRefusedThoughItIsNotTheLast) {
  append(*events_, GoodsArrived{"a", 1});
  Token token = events_->token();
  for (const std::uint32_t partition : {0U, 1U}) {
    auto claim = rows_->claim(projection_type_of<Stock>(), {partition, 2}, make_holder(),
                              std::chrono::hours(1));
    ASSERT_TRUE(claim) << to_string(claim.error());
    token.position = GlobalPosition{partition == 0 ? 1U : 99U};
    ASSERT_TRUE(rows_->commit({.claim = *claim, .before = {}, .after = {token}}));
    if (partition == 1) continue;
    EXPECT_TRUE(bus_.ask(CountOf{"a"}, Consistency::eventual()));
  }
  const auto refused = bus_.ask(CountOf{"a"}, Consistency::eventual());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::diverged) << to_string(refused.error());
}

/// A read-model store that does something right before a transaction begins.
class GateBeforeReading final : public ReadModelStore {
 public:
  GateBeforeReading(ReadModelStore& rows, std::function<void()> before)
      : rows_(rows), before_(std::move(before)) {}

  Result<std::unique_ptr<ReadTransaction>> read() const override {
    before_();
    return rows_.read();
  }
  // clang-format off
  std::string name() const override { return rows_.name(); }
  Result<Claim> claim(const ProjectionType& p, Partition part, const Holder& h, milliseconds l) override { return rows_.claim(p, part, h, l); }
  Result<void> ask_for(std::string_view p, Partition part, const Holder& h, milliseconds l) override { return rows_.ask_for(p, part, h, l); }
  Result<CheckpointRecord> renew(const Claim& c, milliseconds l) override { return rows_.renew(c, l); }
  Result<void> release(const Claim& c) override { return rows_.release(c); }
  Result<void> load(const TableType& t, std::span<RowToLoad> r) override { return rows_.load(t, r); }
  Result<CheckpointRecord> commit(const ProjectedBatch& b) override { return rows_.commit(b); }
  Result<void> halt(const Claim& c, const std::string& f) override { return rows_.halt(c, f); }
  Result<void> set_paused(std::string_view p, bool b) override { return rows_.set_paused(p, b); }
  Result<void> clear_failure(std::string_view p) override { return rows_.clear_failure(p); }
  Result<std::uint64_t> wish_parked(std::string_view p, const std::optional<ParkedRow>& r, ParkedWish w) override { return rows_.wish_parked(p, r, w); }
  Result<std::vector<CheckpointRecord>> records() const override { return rows_.records(); }
  Result<std::optional<CheckpointRecord>> wait(std::string_view p, GlobalPosition at, std::chrono::steady_clock::time_point d) const override { return rows_.wait(p, at, d); }
  bool awaited(std::string_view p) const override { return rows_.awaited(p); }
  Result<std::unique_ptr<ReadModelStore>> open_shadow(const ProjectionType& p) override { return rows_.open_shadow(p); }
  Result<void> swap_in(const ProjectionType& p, ReadModelStore& s, SwapOptions o) override { return rows_.swap_in(p, s, o); }
  Result<void> drop_shadow(const ProjectionType& p) override { return rows_.drop_shadow(p); }
  // clang-format on

 private:
  ReadModelStore& rows_;
  std::function<void()> before_;
};

// The wait ends by a read model of another history, which has come further; what replaces it before
// it is read has not come as far as was asked for.
TEST_F(QueryWaitsTest, TablesReplacedBetweenWaitAndReadNeverGiveAnOlderAnswer) {
  const StoreId id = events_->token().store;
  const auto lost = make_memory_event_store({.store = id});
  for (int i = 0; i < 20; ++i) append(*lost, GoodsArrived{"lost", 1});
  ASSERT_TRUE(project_as_of(*lost, *rows_, projection_type_of<Stock>(), {}));
  for (int i = 0; i < 8; ++i) append(*events_, GoodsArrived{"a", 1});

  bool replaced = false;
  const GateBeforeReading gate(*rows_, [&] {
    if (std::exchange(replaced, true)) return;
    auto shadow = rows_->open_shadow(projection_type_of<Stock>());
    ASSERT_TRUE(shadow);
    ASSERT_TRUE(project_as_of(*events_, **shadow, projection_type_of<Stock>(),
                              {.as_of = AsOf::position({5})}));
    ASSERT_TRUE(
        rows_->swap_in(projection_type_of<Stock>(), **shadow, {.only_if_caught_up = false}));
  });
  QueryBus bus(*events_, gate);
  const auto level = Consistency::at_least(events_->token(), milliseconds(20));
  const auto late = bus.ask(CountOf{"a"}, level);
  ASSERT_FALSE(late) << "answered as of position " << to_string(late->token.position);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
  replaced = false;
  const auto stale = bus.ask(CountOf{"a"}, level.or_stale());
  ASSERT_TRUE(stale) << to_string(stale.error());
  EXPECT_TRUE(stale->stale);
  EXPECT_EQ(stale->value, 5);
}

// In memory one reads at a time, and waits a second at most; together these take longer.
TEST_F(QueryWaitsTest, ReadersOfOneCutWaitForEachOther) {
  append(*events_, GoodsArrived{"a", 1}, GoodsArrived{"a", 1});
  append(*events_, GoodsArrived{"a", 1});
  std::vector<std::future<Result<Answer<std::int64_t>>>> asked;
  for (int i = 0; i < 12; ++i) {
    asked.push_back(std::async(std::launch::async, [&] {
      return bus_.ask(CountOf{"a", milliseconds(120)}, Consistency::as_of(AsOf::position({2})));
    }));
  }
  for (auto& answer : asked) {
    const auto got = answer.get();
    ASSERT_TRUE(got) << to_string(got.error());
    EXPECT_EQ(got->value, 2);
  }
}

/// Stock as a later program defines it.
struct LastArrival {
  std::string shelf;
  std::int64_t count = 0;
  std::int64_t events = 0;
  ANNALS_ROW(LastArrival, "shelves", (shelf), count, events);
  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived& e) { return e.shelf; }
  void evolve(const GoodsArrived& e) { count = e.count; }
};
struct LaterStock {
  static constexpr auto name = "stock";
  static constexpr int version = 2;
  using Tables = annals::Tables<LastArrival>;
};
struct LastOf {
  std::string shelf;
  using Projection = LaterStock;
  Result<std::int64_t> answer(Rows& rows) const {
    auto row = rows.find<LastArrival>(shelf);
    if (!row) return std::move(row).error();
    return *row ? (*row)->count : 0;
  }
};

TEST_F(QueryWaitsTest, TwoDefinitionsOfOneNameHaveCutsOfTheirOwn) {
  for (int i = 0; i < 3; ++i) append(*events_, GoodsArrived{"a", 7});
  const auto cut = Consistency::as_of(AsOf::position({2}));
  const auto sum = bus_.ask(CountOf{"a"}, cut);
  const auto last = bus_.ask(LastOf{"a"}, cut);
  ASSERT_TRUE(sum && last);
  EXPECT_EQ(sum->value, 14);
  EXPECT_EQ(last->value, 7);
}

}  // namespace
}  // namespace annals::warehouse
