// P4 optimistic: append conditions, the dynamic consistency boundaries.

#include <atomic>
#include <future>
#include <thread>

#include <annals/testkit/event_store_contract.hpp>
#include <annals/testkit/requests.hpp>

#include "contract/contract_files.hpp"

namespace annals::testkit {

void contract::link_conditions() {}

namespace {

AppendRequest with_condition(AppendRequest request, Query query, GlobalPosition after) {
  request.conditions.push_back({std::move(query), after});
  return request;
}

}  // namespace

TEST_P(EventStoreContract, AConditionFailsOnAMatchAfterItsPosition) {
  append(append_of({tagged(event_on("user-1"), {"email:a"}), event_on("user-1"),
                    tagged(event_on("user-2"), {"email:b"})}));
  const auto claim = [&](const std::string& email, std::uint64_t after) {
    return store().append(with_condition(append_to("user-3", ExpectedVersion::any()),
                                         Query::tag("email:" + email), {after}));
  };
  const auto refused = claim("b", 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::condition_failed);
  EXPECT_EQ(refused.error().position, GlobalPosition{3});
  EXPECT_TRUE(refused.error().append_id);
  EXPECT_EQ(store().head().position, GlobalPosition{3});

  EXPECT_TRUE(claim("a", 1)) << "the event at the position itself is not looked at";
  EXPECT_TRUE(claim("b", 3));
  EXPECT_TRUE(claim("c", 0));
}

TEST_P(EventStoreContract, AConditionLooksAtEveryKindOfQuery) {
  append(append_of({tagged(event_on("order-1", "placed"), {"customer:9", "eu"})}));
  const QueryItem matching[] = {{},
                                {.streams = {"order-1", "order-2"}},
                                {.categories = {"order"}},
                                {.types = {"placed"}},
                                {.tags = {"eu", "customer:9"}},
                                {.categories = {"order"}, .types = {"placed"}, .tags = {"eu"}}};
  for (const QueryItem& item : matching) {
    const auto refused =
        store().append(with_condition(append_to("order-3", ExpectedVersion::any()), {{item}}, {0}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::condition_failed);
  }
  const QueryItem others[] = {{.streams = {"order-2"}},
                              {.categories = {"order-1"}},
                              {.types = {"place"}},
                              {.tags = {"eu", "customer:8"}},
                              {.categories = {"order"}, .types = {"placed"}, .tags = {"us"}}};
  for (const QueryItem& item : others) {
    EXPECT_TRUE(store().append(with_condition({}, {{item}}, {0})));
  }
}

TEST_P(EventStoreContract, OneFailedConditionOfSeveralRefusesTheAppend) {
  append(append_of({event_on("a-1")}));
  AppendRequest request =
      with_condition(append_to("b-1", ExpectedVersion::any()), Query::stream("z-1"), {0});
  request.conditions.push_back({Query::stream("a-1"), {0}});
  EXPECT_FALSE(store().append(request));
  request.conditions[1].after = {1};
  EXPECT_TRUE(store().append(request));
}

TEST_P(EventStoreContract, AConditionAfterAPositionBeyondTheHeadIsRefused) {
  append(append_of({event_on("a-1")}));
  const auto refused = store().append(
      with_condition(append_to("a-1", ExpectedVersion::any()), Query::stream("b-1"), {2}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(store().append(
      with_condition(append_to("a-1", ExpectedVersion::any()), Query::stream("b-1"), {1})));
}

// Every thread wants every name, each into a stream of its own: only the condition can tell them
// apart.
TEST_P(EventStoreContract, OfEightThreadsThatClaimANameOneGetsIt) {
  constexpr int threads = 8;
  constexpr int names = 20;
  std::vector<std::atomic<int>> owners(names);
  std::atomic<int> unexpected = 0;
  std::vector<std::thread> writers;
  writers.reserve(threads);
  for (int t = 0; t < threads; ++t) {
    writers.emplace_back([&, t] {
      for (int n = 0; n < names; ++n) {
        const std::string tag = "name:" + std::to_string(n);
        const std::string stream = "user-" + std::to_string(t) + "-" + std::to_string(n);
        const auto result = store().append(
            with_condition(append_of({tagged(event_on(stream), {tag})}), Query::tag(tag), {0}));
        if (result) {
          ++owners[static_cast<std::size_t>(n)];
        } else if (result.error().code != ErrorCode::condition_failed) {
          ++unexpected;
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(unexpected, 0);
  for (const auto& count : owners) EXPECT_EQ(count, 1);
  EXPECT_EQ(store().head().position, GlobalPosition{names});
}

// Async appends are what an engine may gather in one group: the second must see the first.
TEST_P(EventStoreContract, AConditionSeesAppendsOfItsOwnGroup) {
  constexpr int tries = 50;
  std::atomic<int> accepted = 0;
  std::atomic<int> done = 0;
  std::promise<void> all_done;
  for (int i = 0; i < tries; ++i) {
    AppendRequest request =
        with_condition(append_of({tagged(event_on("user-" + std::to_string(i)), {"email:a"})}),
                       Query::tag("email:a"), {0});
    store().append_async(std::move(request), [&](const Result<Receipt>& result) {
      if (result) ++accepted;
      if (++done == tries) all_done.set_value();
    });
  }
  all_done.get_future().wait();
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(store().head().position, GlobalPosition{1});
}

}  // namespace annals::testkit
