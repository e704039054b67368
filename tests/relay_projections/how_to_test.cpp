// The code of docs/how-to/kafka.md: a service that writes, and one that reads.

#include <annals/queries/query_bus.hpp>

#include "published.hpp"

namespace annals::warehouse {
namespace {

// clang-format off
// [docs:rows-of-one-stream]
struct ArrivedHere {
  std::string warehouse;
  std::int64_t goods = 0;
  ANNALS_ROW(ArrivedHere, "arrived_here", (warehouse), goods);

  using Events = annals::Events<GoodsArrived>;
  static std::string keys(const GoodsArrived&, const EventInfo& info) { return id_of(info.stream); }
  void evolve(const GoodsArrived& e) { goods += e.count; }
};
struct Arrivals {
  static constexpr auto name = "arrivals";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<ArrivedHere>;
};
// [docs:rows-of-one-stream]

struct ArrivedAt {
  std::string warehouse;
  using Projection = Arrivals;
  Result<std::int64_t> answer(Rows& rows) const {
    auto row = rows.find<ArrivedHere>(warehouse);
    if (!row) return std::move(row).error();
    return *row ? (*row)->goods : 0;
  }
};

class HowToKafka : public PublishedWarehouse {};

TEST_F(HowToKafka, FeedsReadModelsAndHonoursTokens) {
  relay_options().partitions = 3;
  relay_test::RunningRelay relay(store(), checkpoints(), relay_options());
  const std::string brokers = relay_options().brokers;
  const auto rows = open_rows();
  {
    // [docs:all-partitions]
    auto source = annals::make_kafka_source({.brokers = brokers, .topic = topic()});
    if (!source) FAIL() << to_string(source.error());
    annals::ProjectionRunner runner(**source, *rows);
    auto added = runner.add<Stock>();
    // [docs:all-partitions]
    ASSERT_TRUE(added) << to_string(added.error());
    const Receipt receipt = append(store(), GoodsArrived{"a", 10});
    expect_reached(runner, "stock", receipt.last_position);
    EXPECT_EQ(all_rows<Shelf>(*rows), (std::vector<Shelf>{{"a", 10, 1}}));
  }
  // [docs:group]
  auto source = annals::make_kafka_source({.brokers = brokers, .topic = topic(), .group = "stock-service"});
  if (!source) FAIL() << to_string(source.error());
  annals::ProjectionRunner runner(**source, *rows);
  auto shared = runner.add_to_group<Arrivals>(**source);
  // [docs:group]
  ASSERT_TRUE(shared) << to_string(shared.error());
  const std::string header = to_string(append(store(), GoodsArrived{"b", 5}).token());
  // [docs:ask]
  annals::QueryBus queries(*rows);
  const auto token = annals::parse_token(header);
  if (!token) FAIL() << header;
  const auto answer = queries.ask(ArrivedAt{"1"}, annals::Consistency::at_least(*token, std::chrono::seconds(30)));
  // [docs:ask]
  ASSERT_TRUE(answer) << to_string(answer.error());
  EXPECT_EQ(answer->value, 15);
  const auto strong = queries.ask(ArrivedAt{"1"}, annals::Consistency::strong());
  ASSERT_FALSE(strong);
  EXPECT_EQ(strong.error().code, ErrorCode::invalid_argument);
  runner.stop();
  ASSERT_TRUE(relay.stop());
}

}  // namespace
}  // namespace annals::warehouse
