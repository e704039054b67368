// A request's traceparent goes with the command into its events, through the log to the fold, and
// out to whoever asks.

#include <annals/eventstore/log_event_store.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "till.hpp"

namespace annals::observability_test {
namespace {

const std::string first = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const std::string second = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class TracedShop : public Shop {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(store_);
    Shop::SetUp();
  }
  void open() {
    store_.reset();
    auto opened = open_log_event_store({.path = folder_.file("log")});
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = *std::move(opened);
  }
  std::string last_trace_of(const std::string& till) {
    auto answer = queries_->ask(TillOf{till}, Consistency::strong(patience));
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer && answer->value ? answer->value->last_trace : "no such till";
  }

  testkit::TemporaryFolder folder_;
};

TEST_F(TracedShop, ReachesTheFoldAndTheQueryOfThatRow) {
  project();
  ASSERT_TRUE(bus_->send("1", RingUp{5}, {.traceparent = first}));
  bus_->send_async("2", RingUp{5}, {.traceparent = second}, [](const auto&) {});
  bus_->wait_idle();
  EXPECT_EQ(last_trace_of("1"), first);
  EXPECT_EQ(last_trace_of("2"), second);
  ASSERT_TRUE(bus_->send("1", RingUp{6}));
  EXPECT_EQ(last_trace_of("1"), "") << "a request without one has none";
}

TEST_F(TracedShop, IsReadBackFromTheLogsFilesByALaterProcess) {
  ASSERT_TRUE(bus_->send("1", RingUp{5}, {.traceparent = first}));
  queries_.reset();
  bus_.reset();
  open();
  Shop::SetUp();
  project();
  EXPECT_EQ(last_trace_of("1"), first);
}

TEST_F(TracedShop, AnInterceptorMayStampIt) {
  bus_->intercept([](CommandContext& context) -> Result<void> {
    if (!context.options.traceparent) context.options.traceparent = second;
    return {};
  });
  project();
  ring_up(3);
  EXPECT_EQ(last_trace_of("1"), second);
}

TEST_F(TracedShop, OfARepeatTheFirstOneStands) {
  project();
  const AppendId id = new_append_id();
  ASSERT_TRUE(bus_->send("1", RingUp{5}, {.id = id, .traceparent = first}));
  auto again = bus_->send("1", RingUp{5}, {.id = id, .traceparent = second});
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(again->repeated());
  EXPECT_EQ(last_trace_of("1"), first);
}

}  // namespace
}  // namespace annals::observability_test
