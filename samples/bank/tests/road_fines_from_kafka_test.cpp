// Road traffic fines through Kafka: over any number of partitions and processes, every row is that
// of the log. Few combinations of a slice, unless ANNALS_SOAK is set.

#include <chrono>
#include <cstdio>
#include <iterator>

#include <annals/projections/projection_runner.hpp>
#include <annals/projections/sqlite_read_model_store.hpp>

#include "all_rows.hpp"
#include "followed_topic.hpp"
#include "kafka/brokers.hpp"
#include "postgres/database.hpp"
#include "road_fines.hpp"
#include "session.hpp"
#include "test_data.hpp"

namespace bank::fines {
namespace {

using std::chrono::steady_clock;

struct FineTables {
  explicit FineTables(annals::Rows& rows)
      : fines(all_rows<Fine>(rows)), days(all_rows<Day>(rows)), kinds(all_rows<Kind>(rows)) {}
  std::vector<Fine> fines;
  std::vector<Day> days;
  std::vector<Kind> kinds;
};

/// The rows of the log itself, of the projection that is not split.
FineTables tables_of(annals::EventStore& events) {
  const auto rows = *annals::open_sqlite_read_models({});
  annals::ProjectionRunner runner(events, *rows);
  EXPECT_TRUE(runner.add<RoadFines>());
  const auto reached = runner.wait("road_fines", events.head().position, std::chrono::minutes(5));
  EXPECT_TRUE(reached) << annals::to_string(reached.error());
  const auto transaction = *rows->read();
  annals::Rows all(*transaction);
  return FineTables(all);
}

class RoadFinesFromKafka : public testing::Test {
 protected:
  void SetUp() override {
    ANNALS_NEEDS_KAFKA();
    ANNALS_NEEDS_POSTGRES();
    BANK_EXTERNAL_DATA(file, "road-fines/events.csv.gz");
    BANK_EXTERNAL_DATA(totals_file, "road-fines/oracle/totals_as_of.csv");
    file_ = file;
    quarters_ = read_totals(totals_file);
    ASSERT_EQ(quarters_.size(), 54U);
    if (soak()) return;
    // The first fine whose stated total disagrees is of the third.
    quarters_.erase(std::next(quarters_.begin(), 3), quarters_.end());
    last_day_ = quarters_.rbegin()->first;
  }

  void expect_the_rows_of_the_log(const Spread& spread) const {
    const auto started = steady_clock::now();
    const annals::testkit::TemporaryFolder folder;
    const annals::postgres_test::Database database;
    const Session session{.data = folder.file("tables"), .read_models = database.url()};
    HistoryStore store(folder.file("store"));
    const std::string half = std::next(quarters_.begin(), std::ssize(quarters_) / 2)->first;
    import(file_, store, half);
    FollowedTopic topic(*store, spread);
    topic.follow({ROAD_FINES_FOLLOWER, "--read-models", session.read_models});
    const auto rows = *session.open_read_models();
    topic.wait_until_shared(*rows);
    import(file_, store, last_day_, half);
    topic.wait_for_head(*rows, {"fine_by_fine", "fine_totals"});

    const auto transaction = *rows->read();
    annals::Rows all(*transaction);
    const FineTables actual(all);
    const FineTables expected = tables_of(*store);
    EXPECT_EQ(actual.fines, expected.fines);
    EXPECT_EQ(actual.days, expected.days);
    EXPECT_EQ(actual.kinds, expected.kinds);
    expect_right(all);
    if (HasFailure()) ADD_FAILURE() << to_string(spread);
    const std::chrono::duration<double> taken = steady_clock::now() - started;
    std::printf("%s: %s events, %zu, %zu and %zu rows, %.1f s\n", to_string(spread).c_str(),
                to_string(store->head().position).c_str(), actual.fines.size(), actual.days.size(),
                actual.kinds.size(), taken.count());
  }

 private:
  /// That totals and audit are what others have worked out.
  void expect_right(annals::Rows& rows) const {
    for (const auto& [day, totals] : quarters_) {
      const auto answer = TotalsBy{day}.answer(rows);
      ASSERT_TRUE(answer) << annals::to_string(answer.error());
      EXPECT_EQ(*answer, totals) << day;
    }
    const auto audit = Disagreements{}.answer(rows);
    ASSERT_TRUE(audit) << annals::to_string(audit.error());
    std::set<std::string> found;
    for (const Fine& fine : *audit) found.insert(fine.fine);
    EXPECT_EQ(found, disagreements_in(file_, last_day_));
    EXPECT_FALSE(found.empty());
  }

  std::string file_;
  std::map<std::string, Totals> quarters_;
  std::string last_day_ = "9999-12-31";
};

TEST_F(RoadFinesFromKafka, AreInPostgresThoseOfTheLogAndOfThePublisher) {
  std::vector<Spread> spreads{{3, 2}, {12, 3}};
  if (soak()) spreads = every_spread();
  for (const Spread& spread : spreads) expect_the_rows_of_the_log(spread);
}

}  // namespace
}  // namespace bank::fines
