// What is answered over HTTP, and what cannot disturb it.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <future>
#include <semaphore>
#include <thread>

#include <annals/observability/http_endpoint.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "exposition.hpp"
#include "http_client.hpp"
#include "till.hpp"

namespace annals::observability_test {
namespace {

class ServedShop : public Shop {
 protected:
  void SetUp() override {
    Shop::SetUp();
    project();
    observability_.watch(*store_).watch(*bus_).watch(*queries_).watch(*runner_);
    auto served = serve(observability_);
    ASSERT_TRUE(served) << to_string(served.error());
    endpoint_ = *std::move(served);
  }
  void TearDown() override { endpoint_.reset(); }
  HttpAnswer get(const std::string& path) const { return ask(endpoint_->port(), path); }

  Observability observability_;
  std::unique_ptr<HttpEndpoint> endpoint_;
};

TEST_F(ServedShop, MetricsAreTheTextWithItsContentType) {
  ring_up(5);
  expect_projected();
  const HttpAnswer answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const Exposition read(answer.body);
  EXPECT_EQ(read.value("annals_store_head_position", {{"store", "main"}}), 1);
  EXPECT_EQ(read.value("annals_projection_position", {{"runner", "main"}, {"projection", "tills"}}),
            1);
  EXPECT_EQ(get("/metrics?name=x").status, 200) << "a query says nothing here";
}

TEST_F(ServedShop, PrometheusOwnParserReadsTheSame) {
  ring_up(5);
  ring_up(7, "2");
  expect_projected();
  ASSERT_TRUE(queries_->ask(TillOf{"1"}, Consistency::eventual()));
  const std::string text = get("/metrics").body;
  testkit::TemporaryFolder folder;
  std::ofstream(folder.file("metrics")) << text;
  const std::string program = std::string(ANNALS_SOURCE_DIR) + "/tests/observability/parsed.py";
  // Debian's package is seen by Debian's Python.
  std::string lines;
  int status = -1;
  for (const char* python : {"/usr/bin/python3", "python3"}) {
    const std::string command =
        std::string(python) + " '" + program + "' '" + folder.file("metrics") + "' 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    lines.clear();
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) lines += buffer;
    status = WEXITSTATUS(::pclose(pipe));
    if (status != 77 && status != 127) break;
  }
  if (status == 77 || status == 127) {
    GTEST_SKIP() << "SKIPPED: prometheus_client is missing (Debian: python3-prometheus-client)";
  }
  ASSERT_EQ(status, 0) << lines;
  // One line "NAME VALUE" a sample, labels left out, sorted: the same multiset as ours.
  std::vector<std::string> theirs;
  for (std::size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    theirs.push_back(lines.substr(at, lines.find('\n', at) - at));
  }
  std::vector<std::string> ours;
  const Exposition read(text);
  for (const auto& [name, family] : read.families()) {
    for (const auto& [sample, series] : family.samples) {
      for (const auto& [labels, value] : series) {
        std::string line = sample;
        for (const auto& [label, text_of_label] : labels) line += ' ' + label + '=' + text_of_label;
        char number[64];
        std::snprintf(number, sizeof number, " %.17g", value);
        ours.push_back(line + number);
      }
    }
  }
  std::sort(ours.begin(), ours.end());
  std::sort(theirs.begin(), theirs.end());
  EXPECT_GT(ours.size(), 100U);
  EXPECT_EQ(ours, theirs);
}

TEST_F(ServedShop, HealthAnswersWhateverTheRestDoes) {
  EXPECT_EQ(get("/health").status, 200);
  halt_projection();
  EXPECT_EQ(get("/ready").status, 503);
  const HttpAnswer health = get("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, "alive\n");
}

TEST_F(ServedShop, ReadyIs503WithTheReasonOnceAProjectionHasHalted) {
  ring_up(1);
  expect_projected();
  const HttpAnswer ready = get("/ready");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.headers.at("Content-Type"), "application/json");
  EXPECT_EQ(ready.body, readiness_json(observability_.readiness()));
  halt_projection();
  const HttpAnswer halted = get("/ready");
  EXPECT_EQ(halted.status, 503);
  EXPECT_NE(halted.body.find(R"("ready":false)"), std::string::npos) << halted.body;
  EXPECT_NE(halted.body.find("tills has halted: "), std::string::npos) << halted.body;
}

TEST_F(ServedShop, OtherPathsAre404AndOtherMethods405AndHeadIsGetWithoutABody) {
  for (const char* path :
       {"/", "/metrics/", "/METRICS", "/../etc/passwd", "/metrics%00", "/readyy"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const HttpAnswer answer = ask(endpoint_->port(), "/metrics", method);
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("Allow"), "GET, HEAD");
  }
  const HttpAnswer head = ask(endpoint_->port(), "/health", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.at("Content-Length"), "6");
}

TEST_F(ServedShop, GarbageIsRefusedAndTheNextRequestIsAnswered) {
  const std::string long_line = "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n";
  std::string many_headers = "GET /metrics HTTP/1.1\r\n";
  for (int i = 0; i < 10'000; ++i) many_headers += "X-" + std::to_string(i) + ": y\r\n";
  const std::string garbage[] = {
      "\r\n\r\n",
      "GARBAGE\r\n\r\n",
      "GET\r\n\r\n",
      "GET /metrics\r\n\r\n",
      "GET /metrics HTTP/9.9\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),
      std::string("GET /\0metrics HTTP/1.1\r\n\r\n", 27),
      "GET /metrics HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "GET /%zz%\xff HTTP/1.1\r\n\r\n",
      long_line,
      many_headers + "\r\n"};
  for (const std::string& bytes : garbage) {
    const std::string answer = send_and_read(endpoint_->port(), bytes);
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 4") ||
                answer.starts_with("HTTP/1.1 200"))
        << bytes.substr(0, 50) << ": " << answer.substr(0, 50);
    EXPECT_EQ(answer.find("HTTP/1.1 5"), std::string::npos) << bytes.substr(0, 50);
    EXPECT_EQ(get("/health").status, 200) << "after " << bytes.substr(0, 50);
  }
}

TEST_F(ServedShop, ManyScrapesAtOnceAreEachAnsweredWholeOrRefused) {
  std::vector<std::thread> scraping;
  std::atomic<int> whole = 0;
  std::atomic<bool> over = false;
  std::thread working([&] {
    while (!over) ring_up(1, "2");
  });
  for (int t = 0; t < 6; ++t) {
    scraping.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const HttpAnswer answer = get("/metrics");
        EXPECT_TRUE(answer.status == 200 || answer.status == 503) << answer.status;
        if (answer.status != 200) continue;
        ++whole;
        EXPECT_TRUE(Exposition(answer.body).has("annals_commands_sent_total", {{"bus", "main"}}));
      }
    });
  }
  for (std::thread& thread : scraping) thread.join();
  over = true;
  working.join();
  EXPECT_GT(whole, 0);
}

TEST(HttpEndpointAlone, ScrapesThatWaitDoNotKeepHealthWaiting) {
  std::counting_semaphore<> waiting(0);
  std::promise<void> go_on;
  const std::shared_future<void> gone_on = go_on.get_future().share();
  Observability observability;
  observability.add_check("a database that does not answer", [&]() -> Result<void> {
    waiting.release();
    gone_on.wait();
    return {};
  });
  const auto endpoint = serve(observability);
  ASSERT_TRUE(endpoint) << to_string(endpoint.error());
  const std::uint16_t port = (*endpoint)->port();
  std::vector<std::future<HttpAnswer>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(std::async(std::launch::async, [port] { return ask(port, "/ready"); }));
    waiting.acquire();
  }
  EXPECT_EQ(ask(port, "/ready").status, 503) << "too many ask at once";
  EXPECT_EQ(ask(port, "/metrics").status, 503);
  EXPECT_EQ(ask(port, "/health").status, 200);
  go_on.set_value();
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get().status, 200);
  EXPECT_EQ(ask(port, "/metrics").status, 200);
}

TEST(HttpEndpointAlone, APortThatIsTakenIsRefusedByItsAddress) {
  const Observability observability;
  const auto first = serve(observability);
  ASSERT_TRUE(first) << to_string(first.error());
  const std::uint16_t port = (*first)->port();
  EXPECT_EQ((*first)->url(), "http://127.0.0.1:" + std::to_string(port));
  const auto second = serve(observability, {.port = port});
  ASSERT_FALSE(second) << "two of them would share the requests";
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
}

TEST(HttpEndpointAlone, APortIsFreeAgainWhenItsEndpointHasEnded) {
  const Observability observability;
  auto first = serve(observability);
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->port();
  EXPECT_EQ(ask(port, "/health").status, 200);
  first->reset();
  const auto second = serve(observability, {.port = port});
  ASSERT_TRUE(second) << to_string(second.error());
  EXPECT_EQ(ask(port, "/health").status, 200);
}

TEST(HttpEndpointAlone, AHostThatIsNotHereIsRefusedByName) {
  const Observability observability;
  const auto unknown = serve(observability, {.host = "no such host"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("cannot listen on 'no such host': "), std::string::npos)
      << unknown.error().message;
  const auto elsewhere = serve(observability, {.host = "192.0.2.1"});  // Of nobody: RFC 5737.
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().message,
            "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

TEST(HttpEndpointAlone, AddressesAreHostAndPortOrAPort) {
  const auto read = [](const char* text) {
    auto options = parse_endpoint(text);
    return options ? options->host + ' ' + std::to_string(options->port) : options.error().message;
  };
  EXPECT_EQ(read("9464"), "127.0.0.1 9464");
  EXPECT_EQ(read("0.0.0.0:9464"), "0.0.0.0 9464");
  EXPECT_EQ(read("localhost:0"), "localhost 0");
  EXPECT_EQ(read("[::1]:65535"), "::1 65535");
  for (const char* wrong : {"", ":", ":9464", "host:", "host:x", "host:-1", "host:65536",
                            "::1:9464", "[]:1", "host: 1", "http://host:1", "1e3", "host:1 "}) {
    EXPECT_EQ(read(wrong), "expected HOST:PORT such as 127.0.0.1:9464, or a port, not '" +
                               std::string(wrong) + "'");
  }
}

}  // namespace
}  // namespace annals::observability_test
