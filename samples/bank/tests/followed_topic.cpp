#include "followed_topic.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include <annals/relay/relay.hpp>

#include "kafka/brokers.hpp"

namespace bank {

using std::chrono::steady_clock;

namespace {

/// Without moving.
constexpr std::chrono::minutes patience{2};

/// How many hold partitions, of the projection that is shared by the fewest; 0 if none is.
std::size_t holders_in(const annals::ReadModelStore& rows) {
  const auto records = rows.records();
  EXPECT_TRUE(records) << annals::to_string(records.error());
  std::map<std::string, std::set<std::string>> runners;
  for (const auto& record : *records) {
    if (record.partition.split_by != annals::SplitBy::stream) continue;
    auto& holders = runners[record.projection];
    if (record.holder) holders.insert(record.holder->runner);
  }
  std::size_t least = runners.empty() ? 0 : ~std::size_t{0};
  for (const auto& [projection, holders] : runners) least = std::min(least, holders.size());
  return least;
}

}  // namespace

std::string to_string(const Spread& spread) {
  return std::to_string(spread.partitions) + " partitions, " + std::to_string(spread.processes) +
         " processes" + (spread.in_group ? " in a group" : "");
}

std::vector<Spread> every_spread() {
  std::vector<Spread> all;
  for (const std::uint32_t partitions : {1U, 3U, 12U}) {
    for (int processes = 1; processes <= 4; ++processes) all.push_back({partitions, processes});
  }
  return all;
}

FollowedTopic::FollowedTopic(const annals::EventStore& events, const Spread& spread)
    : events_(events),
      spread_(spread),
      options_{.brokers = *annals::kafka_test::brokers(),
               .topic = annals::kafka_test::new_topic_name(),
               .partitions = spread.partitions},
      checkpoints_(*annals::open_relay_checkpoint_folder(folder_.path())),
      relay_(events, *checkpoints_, options_) {}

void FollowedTopic::follow(std::vector<std::string> words) {
  words.insert(words.end(), {"--brokers", options_.brokers, "--topic", options_.topic});
  if (spread_.in_group) words.insert(words.end(), {"--group", options_.topic});
  for (int i = 0; i < spread_.processes; ++i) {
    processes_.push_back(std::make_unique<ChildProcess>(words));
  }
}

void FollowedTopic::wait_until_shared(const annals::ReadModelStore& rows) const {
  if (!spread_.in_group) return;
  const auto wanted = std::min<std::size_t>(spread_.partitions, processes_.size());
  const auto longest = steady_clock::now() + patience;
  while (holders_in(rows) < wanted) {
    ASSERT_LT(steady_clock::now(), longest)
        << holders_in(rows) << " of " << to_string(spread_) << " have a partition";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void FollowedTopic::wait_for_head(const annals::ReadModelStore& rows,
                                  std::initializer_list<std::string_view> projections) const {
  const annals::GlobalPosition head = events_.head().position;
  for (const std::string_view projection : projections) {
    annals::GlobalPosition reached;
    while (reached < head) {
      const auto record = rows.wait(projection, head, steady_clock::now() + patience);
      ASSERT_TRUE(record) << annals::to_string(record.error());
      ASSERT_TRUE(*record) << projection << " is not projected";
      ASSERT_GT((*record)->position(), reached) << projection << ": " << (*record)->failure;
      reached = (*record)->position();
    }
  }
}

}  // namespace bank
