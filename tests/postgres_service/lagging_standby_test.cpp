// A standby that had not come to the end was made the primary all the same: what was seen beyond is
// told `diverged`, also when the log has grown again past it.

#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/projections/postgres_read_model_store.hpp>

#include "moves.hpp"
#include "postgres/server.hpp"

namespace annals::warehouse {
namespace {

using postgres_test::Server;
using std::chrono::milliseconds;

constexpr std::uint64_t seed = 9;

/// As the page of eventstore/postgres says it.
const char* const begin_another_era =
    "INSERT INTO annals.eras SELECT max(era) + 1, (SELECT coalesce(max(first_position + "
    "event_count "
    "- 1), 0) FROM annals.appends) FROM annals.eras";

template <typename T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  if (result) return ErrorCode::rejected;
  EXPECT_EQ(result.error().code, ErrorCode::diverged) << to_string(result.error());
  return result.error().code;
}

class LaggingStandby : public testing::Test {
 protected:
  /// 20 events that both servers have, 20 that only the first had; then the second is the primary.
  void SetUp() override {
    auto started = Server::start();
    if (auto* missing = std::get_if<Server::Missing>(&started)) {
      GTEST_SKIP() << "SKIPPED: needs servers of its own, but " << missing->why;
    }
    primary_ = std::move(std::get<std::unique_ptr<Server>>(started));
    auto third = Server::start();  // Does not go back with the log.
    standby_ = primary_->start_standby("late");
    ASSERT_TRUE(standby_);
    const std::string both = "postgres://annals@127.0.0.1:" + std::to_string(primary_->port()) +
                             ",127.0.0.1:" + std::to_string(standby_->port()) +
                             "/postgres?target_session_attrs=read-write";
    store_ = open(both);
    rows_ = *open_postgres_read_models({.url = both});
    runner_.emplace(*store_, *rows_);
    ASSERT_TRUE((runner_->add<Stock, Tally>()));
    third_ = std::move(std::get<std::unique_ptr<Server>>(third));
    elsewhere_ = *open_postgres_read_models({.url = third_->url()});
    other_runner_.emplace(*store_, *elsewhere_);
    ASSERT_TRUE(other_runner_->add<Stock>());
    subscription_ = *store_->subscribe({});

    append(*store_, 0, 20);
    reach(GlobalPosition{20});
    {
      const auto behind = open(standby_->url(), PostgresOptions::Access::read_only);
      while (behind->head().position.value < 20) std::this_thread::sleep_for(milliseconds(5));
      within_ = *behind->resume({behind->token(), std::nullopt});
    }
    standby_->stop();
    append(*store_, 20, 40);
    reach(GlobalPosition{40});
    beyond_ = *store_->resume({store_->token(), std::nullopt});
    primary_->kill();
    ASSERT_TRUE(standby_->start_again());
    ASSERT_TRUE(standby_->promote());
  }

  static std::unique_ptr<EventStore> open(
      const std::string& url, PostgresOptions::Access access = PostgresOptions::Access::create) {
    auto opened = open_postgres_event_store({.url = url, .access = access});
    EXPECT_TRUE(opened) << to_string(opened.error());
    return opened ? *std::move(opened) : nullptr;
  }
  static void append(EventStore& store, std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t number = first; number < end; ++number) {
      const auto receipt = store.append(request_of(seed, number));
      ASSERT_TRUE(receipt) << to_string(receipt.error());
    }
  }
  void reach(GlobalPosition position) {
    expect_reached(*runner_, "stock", position);
    expect_reached(*runner_, "tally", position);
    expect_reached(*other_runner_, "stock", position);
    while (seen_ < position) {
      const auto batch = subscription_->next(milliseconds(1'000));
      ASSERT_TRUE(batch) << to_string(batch.error());
      seen_ = batch->complete_up_to;
    }
  }
  void await_halt(const ProjectionRunner& runner, const char* projection) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (runner.status(projection)->activity != ProjectionActivity::halted) {
      ASSERT_LT(std::chrono::steady_clock::now(), until)
          << to_string(runner.status(projection)->activity);
      std::this_thread::sleep_for(milliseconds(5));
    }
    EXPECT_NE(runner.status(projection)->last_error.find("diverged"), std::string::npos)
        << runner.status(projection)->last_error;
  }

  std::unique_ptr<Server> primary_;
  std::unique_ptr<Server> standby_;
  std::unique_ptr<Server> third_;
  std::unique_ptr<EventStore> store_;
  std::unique_ptr<ReadModelStore> rows_;
  std::unique_ptr<ReadModelStore> elsewhere_;
  std::optional<ProjectionRunner> runner_;
  std::optional<ProjectionRunner> other_runner_;
  std::unique_ptr<Subscription> subscription_;
  GlobalPosition seen_;
  Checkpoint within_;
  Checkpoint beyond_;
};

TEST_F(LaggingStandby, AStoreThatHasSeenMoreIsDivergedInAllThatItIsAskedUntilItIsOpenedAgain) {
  // Its session is lost only now: the first primary may have had this one too.
  const auto lost = store_->append(request_of(seed, 39));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::outcome_unknown) << to_string(lost.error());
  for (const bool grown : {false, true}) {
    SCOPED_TRACE(grown ? "grown beyond" : "shorter");
    if (grown) append(*open(standby_->url()), 100, 150);
    code_of(store_->append(request_of(seed, 40)));
    code_of(store_->find_append(*request_of(seed, 30).id));
    code_of(store_->read({}));
    code_of(store_->subscribe({.after = beyond_}));
    code_of(store_->stream_version("warehouse-1"));
    // Long before the time is over.
    const auto before = std::chrono::steady_clock::now();
    code_of(subscription_->next(std::chrono::hours(1)));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::minutes(1));
    EXPECT_EQ(store_->head().position, GlobalPosition{40}) << "as it was last seen";
    await_halt(*runner_, "stock");
    await_halt(*other_runner_, "stock");
  }
  const auto reopened = open(standby_->url());
  EXPECT_EQ(reopened->head().position, GlobalPosition{70});
  append(*reopened, 40, 41);
  // Nobody has begun an era: a checkpoint is told by its link.
  code_of(reopened->resume(beyond_));
  EXPECT_TRUE(reopened->resume(within_));
}

TEST_F(LaggingStandby, CheckpointsBeyondItAreDivergedByTheirLinkAndTokensByTheEra) {
  ASSERT_TRUE(standby_->run_sql(begin_another_era));
  const auto store = open(standby_->url());
  for (const bool grown : {false, true}) {
    SCOPED_TRACE(grown ? "grown beyond" : "shorter");
    if (grown) append(*store, 100, 150);
    code_of(store->resume(beyond_));
    code_of(store->subscribe({.after = beyond_}));
    code_of(store->resume({beyond_.token, std::nullopt}));
    const auto moved = store->resume(within_);
    ASSERT_TRUE(moved) << to_string(moved.error());
    EXPECT_EQ(moved->token.era, Era{2});
  }
}

TEST_F(LaggingStandby, AReadModelBesideTheLogGoesOnAndOneThatHasSeenMoreIsDiverged) {
  runner_.reset();
  other_runner_.reset();
  const auto before = all_rows<Shelf>(*elsewhere_);
  const auto store = open(standby_->url());
  append(*store, 100, 150);
  ProjectionRunner other(*store, *elsewhere_);
  code_of(other.add<Stock>());
  EXPECT_EQ(all_rows<Shelf>(*elsewhere_), before);

  ProjectionRunner runner(*store, *rows_);
  const auto added = runner.add<Stock, Tally>();
  ASSERT_TRUE(added) << to_string(added.error());
  expect_reached(runner, "stock", store->head().position);
  expect_reached(runner, "tally", store->head().position);
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0; number < 20; ++number) numbers.push_back(number);
  for (std::uint64_t number = 100; number < 150; ++number) numbers.push_back(number);
  expect_counted_once(*rows_, seed, numbers);
}

}  // namespace
}  // namespace annals::warehouse
