#include "bounded_server.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "signals_blocked.hpp"

namespace annals::internal {

namespace {

/// Hands each connection on at once, on the thread that has accepted it.
class AtOnce final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> hand_on) override { hand_on(); }
  void shutdown() override {}
};

/// The head without its wishes for ranges. The library would make an answer of many that is many
/// times as long, and reads them with as many nested calls as they have characters.
std::string without_ranges(std::string_view head) {
  constexpr std::string_view name = "range:";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  std::string kept;
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = std::min(head.find('\n', at), head.size() - 1);
    const std::string_view line = head.substr(at, end + 1 - at);
    const std::string_view start = line.substr(0, name.size());
    if (!std::equal(start.begin(), start.end(), name.begin(), name.end(), same)) kept += line;
    at += line.size();
  }
  return kept;
}

/// A request that has come, and the answer that the library writes.
class Exchange final : public httplib::Stream {
 public:
  explicit Exchange(std::string request) : request_(std::move(request)) {}

  bool is_readable() const override { return read_ < request_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t got = request_.copy(to, size, read_);
    read_ += got;
    return static_cast<ssize_t>(got);
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    answer_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  // Nobody here asks who the client is.
  void get_remote_ip_and_port(std::string& ip, int& port) const override { unknown(ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { unknown(ip, port); }
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string take_answer() { return std::move(answer_); }

 private:
  static void unknown(std::string& ip, int& port) {
    ip.clear();
    port = 0;
  }

  const std::string request_;
  std::size_t read_ = 0;
  std::string answer_;
};

}  // namespace

BoundedServer::BoundedServer() {
  new_task_queue = [] { return new AtOnce; };  // The library deletes it.
  const SignalsBlocked blocked;
  answering_ = std::make_unique<httplib::ThreadPool>(threads);
  connections_ = std::make_unique<Connections>(
      [this](Connection connection) { take_request(std::move(connection)); });
}

BoundedServer::~BoundedServer() {
  ending_ = true;
  answering_->shutdown();
}

bool BoundedServer::process_and_close_socket(socket_t socket) {
  connections_->add(Descriptor(socket));
  return true;
}

void BoundedServer::take_request(Connection connection) {
  if (requests_ >= requests_max) return;
  ++requests_;
  // In a pointer because what the pool takes must be copyable.
  auto taken = std::make_shared<Connection>(std::move(connection));
  answering_->enqueue([this, taken] {
    if (!ending_) answer(std::move(*taken));
    --requests_;
  });
}

void BoundedServer::answer(Connection connection) {
  Exchange exchange(without_ranges(connection.request));
  bool closed = false;
  process_request(exchange, true, closed, {});
  connections_->answer(std::move(connection), exchange.take_answer());
}

}  // namespace annals::internal
