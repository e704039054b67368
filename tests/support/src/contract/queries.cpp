// Queries against a naive model: everything kept in a list and asked with matches().

#include <algorithm>
#include <random>

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/seed.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_queries() {}

namespace {

// Streams, types and tags are few, so that every combination occurs; one of each is rare and one
// never occurs.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string stream() { return category() + "-" + std::to_string(below(5)); }
  std::string category() { return pick({"account", "order", "user"}, 1); }
  std::string type() { return pick({"opened", "changed", "moved", "closed"}, 1); }
  std::string tag() { return pick({"eu", "us", "vip", "new", "big"}, 1); }

  NewEvent event() {
    // One in fifty is of a stream without category, so that posting lists differ in size.
    NewEvent event = event_on(below(50) == 0 ? "rare" : stream(), type());
    while (below(3) != 0 && event.tags.size() < 4) event.tags.push_back(tag());
    std::sort(event.tags.begin(), event.tags.end());
    event.tags.erase(std::unique(event.tags.begin(), event.tags.end()), event.tags.end());
    return event;
  }

  Query query() {
    Query query;
    const std::uint64_t items = below(4);
    for (std::uint64_t i = 0; i < items; ++i) {
      QueryItem item;
      while (below(3) == 0) item.streams.push_back(below(10) == 0 ? unknown() : stream());
      while (below(3) == 0) item.categories.push_back(below(10) == 0 ? "rare" : category());
      while (below(3) == 0) item.types.push_back(below(10) == 0 ? unknown() : type());
      while (below(3) == 0) item.tags.push_back(below(10) == 0 ? unknown() : tag());
      query.items.push_back(std::move(item));
    }
    return query;
  }

 private:
  static std::string unknown() { return "unknown"; }

  // The first names are likelier than the last.
  std::string pick(std::vector<std::string> names, std::uint64_t skew) {
    const std::uint64_t n = names.size();
    std::uint64_t i = below(n);
    while (skew-- > 0) i = std::min(i, below(n));
    return names[i];
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_P(EventStoreContract, EveryQuerySelectsWhatANaiveScanDoes) {
  RandomHistory history(seed(20240229));
  std::vector<NewEvent> all;  // At position - 1.
  while (all.size() < 600) {
    std::vector<NewEvent> events;
    for (std::uint64_t n = 1 + history.below(5); n > 0; --n) events.push_back(history.event());
    all.insert(all.end(), events.begin(), events.end());
    append(append_of(std::move(events)));
  }

  for (int i = 0; i < 400; ++i) {
    ReadOptions options;
    options.query = history.query();
    const std::uint64_t cut = history.below(3) == 0 ? history.below(all.size() + 1) : all.size();
    options.as_of = AsOf::position({cut});
    options.direction = history.below(2) == 0 ? Direction::forward : Direction::backward;
    std::uint64_t first = 1;
    std::uint64_t last = cut;
    if (history.below(2) == 0) {
      const std::uint64_t at = 1 + history.below(all.size());
      const bool inclusive = history.below(2) == 0;
      options.start =
          inclusive ? Start::from(GlobalPosition{at}) : Start::after(GlobalPosition{at});
      if (options.direction == Direction::forward) first = inclusive ? at : at + 1;
      if (options.direction == Direction::backward) last = std::min(cut, inclusive ? at : at - 1);
    }
    if (history.below(3) == 0) options.limit = history.below(20);

    std::vector<std::uint64_t> expected;
    for (std::uint64_t p = first; p <= last; ++p) {
      if (matches(options.query, all[p - 1])) expected.push_back(p);
    }
    if (options.direction == Direction::backward) std::reverse(expected.begin(), expected.end());
    if (expected.size() > options.limit) expected.resize(options.limit);

    // In runs of a random length, so that resuming is tried as well.
    const auto cursor = store().read(options);
    ASSERT_TRUE(cursor) << to_string(cursor.error());
    std::vector<std::uint64_t> selected;
    for (;;) {
      const auto events = (*cursor)->next(1 + history.below(40));
      ASSERT_TRUE(events);
      if (events->empty()) break;
      for (const RecordedEvent& event : *events) {
        EXPECT_TRUE(matches(options.query, event));
        EXPECT_EQ(event.stream, all[event.position.value - 1].stream);
        selected.push_back(event.position.value);
      }
    }
    ASSERT_EQ(selected, expected) << "query " << i;
  }
}

TEST_P(EventStoreContract, AQueryWithAnEmptyItemSelectsEverything) {
  append(append_of({event_on("a-1"), event_on("b-1")}));
  EXPECT_EQ(read({.query = {{QueryItem{}}}}).size(), 2U);
  EXPECT_EQ(read({.query = {{{.streams = {"a-1"}}, {}}}}).size(), 2U);
}

TEST_P(EventStoreContract, AnEventThatSeveralItemsMatchComesOnce) {
  append(append_of({tagged(event_on("a-1", "opened"), {"eu"}), event_on("b-1", "closed")}));
  const Query query{{{.types = {"opened"}}, {.streams = {"a-1"}}, {.tags = {"eu"}}}};
  EXPECT_EQ(read({.query = query}).size(), 1U);
}

TEST_P(EventStoreContract, ACategoryIsTheTextBeforeTheFirstHyphenOrTheWholeName) {
  append(
      append_of({event_on("order-1-2"), event_on("order"), event_on("orders-1"), event_on("-1")}));
  EXPECT_EQ(read({.query = Query::category("order")}).size(), 2U);
  EXPECT_EQ(read({.query = Query::category("order-1")}).size(), 0U);
  EXPECT_EQ(read({.query = Query::category("")}).size(), 1U);
}

}  // namespace annals::testkit
