// `bank watch --metrics`: a bank at work, seen from outside.

#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

#include <annals/testkit/temporary_folder.hpp>

#include "child_process.hpp"
#include "observability/http_client.hpp"

namespace bank {
namespace {

using annals::observability_test::ask;

class Monitored : public testing::Test {
 protected:
  int bank(std::vector<std::string> words) const {
    words.insert(words.begin(), BANK_PROGRAM);
    words.insert(words.end(), {"--data", folder_.file("data")});
    ChildProcess child(std::move(words), true);
    return child.wait();
  }

  annals::testkit::TemporaryFolder folder_;
};

TEST_F(Monitored, ABankThatWatchesServesItsMetricsAndIsReady) {
  ASSERT_EQ(bank({"open", "42", "--owner", "Ada"}), 0);
  ASSERT_EQ(bank({"deposit", "42", "100"}), 0);
  ChildProcess watching({BANK_PROGRAM, "watch", "--json", "--metrics", "127.0.0.1:0", "--data",
                         folder_.file("data")});
  std::string line;
  ASSERT_TRUE(watching.read_line(line));
  const std::string before = "{\"metrics\":\"http://127.0.0.1:";
  ASSERT_TRUE(line.starts_with(before)) << line;
  const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(before.size())));
  ASSERT_TRUE(watching.read_line(line)) << "the balances, once it has caught up";
  const std::string metrics = ask(port, "/metrics").body;
  for (const char* part :
       {"annals_store_head_position{store=\"main\"} 2\n",
        "annals_projection_position{runner=\"main\",projection=\"balances\"} 2\n",
        "annals_projection_lag_events{runner=\"main\",projection=\"statements\"} 0\n",
        "annals_query_duration_seconds_count{bus=\"main\",query="}) {
    EXPECT_NE(metrics.find(part), std::string::npos) << part << metrics;
  }
  EXPECT_EQ(ask(port, "/ready").status, 200);
  EXPECT_EQ(ask(port, "/health").status, 200);
}

TEST_F(Monitored, AnAddressThatIsNoneIsAMistakeInTheWords) {
  ASSERT_EQ(bank({"open", "42", "--owner", "Ada"}), 0);
  EXPECT_EQ(bank({"watch", "--metrics", "9464/metrics"}), 2);
  EXPECT_EQ(bank({"watch", "--metrics", "192.0.2.1:0"}), 1) << "an address of nobody here";
}

}  // namespace
}  // namespace bank
