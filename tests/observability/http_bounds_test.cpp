// What a client that misbehaves can take from the endpoint, and from the other clients.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <annals/observability/http_endpoint.hpp>

#include "http_client.hpp"

namespace annals::observability_test {
namespace {

const std::string asked_for_health = "GET /health HTTP/1.1\r\n";

class BoundedEndpoint : public testing::Test {
 protected:
  void SetUp() override {
    auto served = serve(observability_);
    ASSERT_TRUE(served) << to_string(served.error());
    endpoint_ = *std::move(served);
    port_ = endpoint_->port();
  }

  Observability observability_;
  std::unique_ptr<HttpEndpoint> endpoint_;
  std::uint16_t port_ = 0;
};

/// Clients that send a line of a header now and then, and never the last one.
class SlowClients {
 public:
  SlowClients(std::uint16_t port, std::size_t count) : left_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(clients_.emplace_back(port).send(asked_for_health));
    }
    sending_ = std::thread([this] {
      while (!over_) {
        clients_.remove_if([](Caller& client) { return !client.send("X-More: y\r\n"); });
        left_ = clients_.size();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    });
  }
  ~SlowClients() {
    over_ = true;
    sending_.join();
  }
  /// Those that have not been cut off.
  std::size_t left() const { return left_; }

 private:
  std::list<Caller> clients_;
  std::atomic<bool> over_ = false;
  std::atomic<std::size_t> left_;
  std::thread sending_;
};

std::size_t descriptors() {
  const auto all = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(BoundedEndpoint, HeadersWithoutEndAreCutOff) {
  // More than the sockets on the way hold; and all of it came, when nobody counted.
  constexpr int lines_max = 64 * 1024;
  const std::string line = "X-More: " + std::string(1014, 'y') + "\r\n";
  Caller client(port_);
  ASSERT_TRUE(client.send(asked_for_health));
  int lines = 0;
  while (lines < lines_max && client.send(line)) ++lines;
  EXPECT_LT(lines, lines_max) << "64 MiB of headers were taken";
  EXPECT_EQ(ask(port_, "/health").status, 200);
}

TEST_F(BoundedEndpoint, AHeadOf16KiBIsCutOffAndAShorterOneAnswered) {
  const auto with_headers = [](int bytes) {
    std::string head = asked_for_health;
    while (head.size() + 102 < static_cast<std::size_t>(bytes)) {
      head += "X: " + std::string(95, 'y') + "\r\n";
    }
    head += "X: " + std::string(static_cast<std::size_t>(bytes) - head.size() - 7, 'y');
    return head + "\r\n\r\n";
  };
  const std::string longest = with_headers(16 * 1024);
  ASSERT_EQ(longest.size(), 16U * 1024);
  EXPECT_TRUE(send_and_read(port_, longest).starts_with("HTTP/1.1 200"));
  EXPECT_EQ(send_and_read(port_, with_headers(16 * 1024 + 1)), "");
}

TEST_F(BoundedEndpoint, SlowClientsDoNotKeepHealthWaitingAndAreCutOff) {
  const SlowClients slow(port_, 16);
  EXPECT_EQ(ask(port_, "/health").status, 200);
  EXPECT_EQ(ask(port_, "/ready").status, 200);
  while (slow.left() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

TEST_F(BoundedEndpoint, SlowClientsDoNotHoldUpItsEnd) {
  const SlowClients slow(port_, 16);
  EXPECT_EQ(ask(port_, "/health").status, 200);
  endpoint_.reset();
}

TEST_F(BoundedEndpoint, ClientsThatTakeNoAnswerKeepNeitherHealthNorItsEndWaiting) {
  // Longer than the sockets on the way hold.
  const std::string page(16 * 1024 * 1024, 'x');
  observability_.add_check("talkative", [&]() -> Result<void> {
    return Error{.code = ErrorCode::unavailable, .message = page};
  });
  std::list<Caller> clients;
  for (int i = 0; i < 5; ++i) {
    Caller& client = clients.emplace_back(port_);
    EXPECT_TRUE(client.send("GET /ready HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(ask(port_, "/health").status, 200);
  }
  endpoint_.reset();
}

TEST_F(BoundedEndpoint, ManyClientsThatSayNothingUseUpNoDescriptorsAndHealthIsAnswered) {
  const std::size_t before = descriptors();
  constexpr std::size_t count = 300;
  std::list<Caller> clients;
  for (std::size_t i = 0; i < count; ++i) clients.emplace_back(port_);
  EXPECT_EQ(ask(port_, "/health").status, 200) << "and all who came before have been accepted";
  const std::size_t theirs = descriptors() - before - count;
  EXPECT_LE(theirs, 64U + 16U) << "64 clients, and those that are being taken in";
}

TEST_F(BoundedEndpoint, AClientThatEndsItsHeadEarlyIsToldThatItIsNoRequest) {
  Caller client(port_);
  ASSERT_TRUE(client.send("GET /health HT"));
  client.end_sending();
  EXPECT_TRUE(client.read().starts_with("HTTP/1.1 400"));
}

TEST_F(BoundedEndpoint, ARequestThatComesInPartsIsAnswered) {
  for (std::size_t at = 1; at < 4; ++at) {
    Caller client(port_);
    const std::string request = asked_for_health + "\r\n";
    ASSERT_TRUE(client.send(request.substr(0, request.size() - at)));
    EXPECT_EQ(ask(port_, "/health").status, 200) << "so that the first part has been read";
    ASSERT_TRUE(client.send(request.substr(request.size() - at)));
    EXPECT_TRUE(client.read().starts_with("HTTP/1.1 200")) << at;
  }
}

TEST_F(BoundedEndpoint, AnAnswerIsNotMadeLongerByRangesOfIt) {
  // As many as the library takes in one line.
  std::string ranges = "bytes=0-";
  for (int i = 0; i < 2700; ++i) ranges += ",0-";
  for (const char* name : {"Range", "range", "RANGE"}) {
    const std::string answer =
        send_and_read(port_, std::string("GET /metrics HTTP/1.1\r\n") + name + ": " + ranges +
                                 "\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer.substr(0, 40);
    EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), observability_.metrics());
  }
}

TEST_F(BoundedEndpoint, AnswersInFlightAreSentBeforeItsEnd) {
  std::atomic<bool> asked = false;
  std::atomic<bool> ending = false;
  observability_.add_check("slow", [&]() -> Result<void> {
    asked = true;
    while (!ending) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {};
  });
  Caller client(port_);
  ASSERT_TRUE(client.send("GET /ready HTTP/1.1\r\n\r\n"));
  while (!asked) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::thread end([&] {
    ending = true;
    endpoint_.reset();
  });
  EXPECT_TRUE(client.read().starts_with("HTTP/1.1 200"));
  end.join();
}

}  // namespace
}  // namespace annals::observability_test
