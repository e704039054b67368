#include "tcp_proxy.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace annals::chaos {

namespace {

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void answer_at_once(int connection) {
  const int on = 1;
  ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// False at the end of either side.
bool pass_on(int from, int to, std::string& buffer) {
  const ssize_t count = ::recv(from, buffer.data(), buffer.size(), 0);
  if (count <= 0) return false;
  ssize_t sent = 0;
  while (sent < count) {
    const ssize_t more =
        ::send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(int port, int server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = local(port);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      ::listen(listener_, 128) == 0 &&
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port_ = ntohs(address.sin_port);
  }
  accepting_ = std::thread([this] { accept_clients(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  accepting_.join();
  cut();
  for (std::thread& one : serving_) one.join();
  ::close(listener_);
}

int TcpProxy::cut() {
  const std::lock_guard lock(mutex_);
  for (const int client : clients_) ::shutdown(client, SHUT_RDWR);
  return static_cast<int>(clients_.size());
}

void TcpProxy::accept_clients() {
  while (!stopping_) {
    pollfd watched{listener_, POLLIN, 0};
    if (::poll(&watched, 1, 20) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    clients_.push_back(client);
    serving_.emplace_back([this, client] { serve(client); });
  }
}

void TcpProxy::serve(int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = local(server_port_);
  answer_at_once(client);
  answer_at_once(server);
  bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  std::string buffer(64 * 1024, '\0');
  while (open && !stopping_) {
    pollfd watched[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(watched, 2, 100) <= 0) continue;
    if (watched[0].revents != 0) open = pass_on(client, server, buffer);
    if (open && watched[1].revents != 0) open = pass_on(server, client, buffer);
  }
  const std::lock_guard lock(mutex_);
  std::erase(clients_, client);
  ::close(client);
  ::close(server);
}

}  // namespace annals::chaos
