#include "connections.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "signals_blocked.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>

namespace annals::internal {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience_at_end{1};

/// The line that ends a head, after the end of the line before it.
constexpr std::string_view head_end = "\n\r\n";

int open_wake() {
  const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return wake;
}

int milliseconds_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

bool would_wait(ssize_t done) {
  return done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

/// False: all is sent, or the client has gone.
bool write(Connection& client) {
  const ssize_t done = ::send(client.socket.get(), client.answer.data() + client.sent,
                              client.answer.size() - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (would_wait(done)) return true;
  if (done < 0) return false;
  client.sent += static_cast<std::size_t>(done);
  return client.sent < client.answer.size();
}

}  // namespace

Connections::Connections(Asked asked) : asked_(std::move(asked)), wake_(open_wake()) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { serve(); });
}

Connections::~Connections() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Connections::add(Descriptor socket) {
  hand_over({.socket = std::move(socket), .until = Clock::now() + patience});
}

void Connections::answer(Connection connection, std::string bytes) {
  if (bytes.empty()) return;
  connection.until = Clock::now() + patience;
  connection.answer = std::move(bytes);
  hand_over(std::move(connection));
}

void Connections::hand_over(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    if (arrived_.size() == clients_max) arrived_.pop_front();
    arrived_.push_back(std::move(connection));
  }
  ::eventfd_write(wake_.get(), 1);
}

void Connections::serve() {
  while (take_in()) {
    const std::vector<pollfd> polled = wait();
    std::size_t i = 0;
    for (auto client = clients_.begin(); client != clients_.end(); ++i) {
      if (polled[i].revents == 0 || go_on(*client)) {
        ++client;
      } else {
        client = clients_.erase(client);
      }
    }
    drop_late();
  }
}

std::vector<pollfd> Connections::wait() {
  std::vector<pollfd> polled;
  polled.reserve(clients_.size() + 1);
  auto first = Clock::time_point::max();
  for (const Connection& client : clients_) {
    const short awaited = client.answer.empty() ? POLLIN : POLLOUT;
    polled.push_back({.fd = client.socket.get(), .events = awaited, .revents = 0});
    first = std::min(first, client.until);
  }
  polled.push_back({.fd = wake_.get(), .events = POLLIN, .revents = 0});
  // When it fails, nobody is found to be ready, and the late ones are dropped.
  ::poll(polled.data(), polled.size(), clients_.empty() ? -1 : milliseconds_until(first));
  eventfd_t news = 0;
  ::eventfd_read(wake_.get(), &news);
  return polled;
}

bool Connections::go_on(Connection& client) {
  if (!client.answer.empty()) return write(client);
  return read(client);
}

bool Connections::read(Connection& client) {
  char buffer[head_bytes_max];
  const ssize_t got =
      ::recv(client.socket.get(), buffer, head_bytes_max - client.request.size(), MSG_DONTWAIT);
  if (would_wait(got)) return true;
  if (got < 0) return false;
  const std::size_t before = client.request.size();
  client.request.append(buffer, static_cast<std::size_t>(got));
  const std::size_t from = before - std::min(before, head_end.size() - 1);
  const bool whole = client.request.find(head_end, from) != std::string::npos;
  // One who has ended it early gets to hear that it is no request.
  if (whole || (got == 0 && before != 0)) {
    asked_(std::move(client));
    return false;
  }
  return got != 0 && client.request.size() < head_bytes_max;
}

bool Connections::take_in() {
  std::deque<Connection> arrived;
  bool ending = false;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(arrived_);
    ending = ending_;
  }
  for (Connection& connection : arrived) {
    // Most have been heard out, or told all, already: they take nobody's place.
    if (!go_on(connection)) continue;
    if (clients_.size() == clients_max) clients_.pop_front();
    clients_.push_back(std::move(connection));
  }
  if (!ending) return true;
  const auto soon = Clock::now() + patience_at_end;
  clients_.remove_if([](const Connection& client) { return client.answer.empty(); });
  for (Connection& client : clients_) client.until = std::min(client.until, soon);
  return !clients_.empty();
}

void Connections::drop_late() {
  const auto now = Clock::now();
  clients_.remove_if([&](const Connection& client) { return client.until <= now; });
}

}  // namespace annals::internal
