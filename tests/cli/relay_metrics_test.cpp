// `annals relay --metrics`: what it serves while it runs. No broker is there; that is all the
// better.

#include <string>

#include <gtest/gtest.h>

#include "observability/exposition.hpp"
#include "observability/http_client.hpp"
#include "sample_store.hpp"

#include <signal.h>

namespace annals::test {
namespace {

using namespace std::chrono_literals;
using observability_test::ask;
using observability_test::Exposition;

class RelayMetrics : public testing::Test {
 protected:
  void SetUp() override { make_sample_store(store_); }
  std::vector<std::string> words(const std::string& metrics) const {
    return {ANNALS_PROGRAM, "relay",  store_,      "--brokers", "127.0.0.1:1",
            "--topic",      "ledger", "--metrics", metrics};
  }
  /// The port that the first line of output names.
  static std::uint16_t port_of(Program& relay) {
    const auto lines = relay.lines(1, 20s);
    if (lines.empty()) return 0;
    const std::string url = json_lines(lines[0])[0].value("metrics", "");
    EXPECT_TRUE(url.starts_with("http://127.0.0.1:") && url.ends_with("/metrics")) << lines[0];
    return static_cast<std::uint16_t>(
        std::stoi("0" + url.substr(std::min(url.size(), url.rfind(':') + 1))));
  }

  testkit::TemporaryFolder folder_;
  std::string store_ = folder_.file("store");
};

TEST_F(RelayMetrics, AreServedWhileItRuns) {
  Program relay(words("127.0.0.1:0"));
  const std::uint16_t port = port_of(relay);
  ASSERT_NE(port, 0);
  EXPECT_EQ(ask(port, "/health").status, 200);
  const Exposition read(ask(port, "/metrics").body);
  EXPECT_GT(read.value("annals_store_head_position", {{"store", "main"}}), 0);
  EXPECT_TRUE(read.has("annals_relay_lag_events", {{"relay", "main"}}));
  EXPECT_NE(ask(port, "/ready").body.find("\"relay main\""), std::string::npos);
  // A second one cannot have the port, and says so before it relays.
  const Ended taken = run(words("127.0.0.1:" + std::to_string(port)));
  EXPECT_EQ(taken.exit_code, 1);
  EXPECT_NE(taken.err.find("cannot listen on 127.0.0.1:" + std::to_string(port) +
                           ": Address already in use"),
            std::string::npos)
      << taken.err;
  EXPECT_EQ(taken.out, "");
  relay.signal(SIGTERM);
  EXPECT_EQ(relay.wait().exit_code, 0);
}

TEST_F(RelayMetrics, NeedAnAddressThatIsOne) {
  const Ended ended = run(words("http://127.0.0.1:1"));
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("--metrics: expected HOST:PORT such as 127.0.0.1:9464"),
            std::string::npos)
      << ended.err;
}

TEST_F(RelayMetrics, ARelayWithoutBrokersOrATopicIsNoCommandLine) {
  for (const char* missing : {"--brokers", "--topic"}) {
    std::vector<std::string> without{ANNALS_PROGRAM, "relay", store_};
    for (const char* option : {"--brokers", "--topic"}) {
      if (std::string(option) != missing) without.insert(without.end(), {option, "x"});
    }
    const Ended ended = run(without);
    EXPECT_EQ(ended.exit_code, 2) << ended.err;
    EXPECT_NE(ended.err.find(missing), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("(see annals relay --help)"), std::string::npos) << ended.err;
  }
}

}  // namespace
}  // namespace annals::test
