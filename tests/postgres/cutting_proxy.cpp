#include "cutting_proxy.hpp"

#include <algorithm>
#include <chrono>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace annals::postgres_test {

namespace {

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool send_all(int to, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = ::send(to, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  return number;
}

// Cuts a client's bytes into requests: messages up to one that the server answers.
class Requests {
 public:
  /// Takes the next whole request out of `bytes`; empty if there is none yet.
  std::string next(std::string& bytes) {
    std::size_t end = 0;
    while (true) {
      const std::size_t head = started_ ? 5 : 4;  // Before the session begins no letter leads.
      if (bytes.size() < end + head) return {};
      const std::uint32_t length = number_at(bytes, end + head - 4);
      const std::size_t whole = head - 4 + length;
      if (bytes.size() < end + whole) return {};
      const char kind = started_ ? bytes[end] : '\0';
      constexpr std::uint32_t protocol_3 = 196608;
      const bool begins = !started_ && number_at(bytes, end + 4) == protocol_3;
      end += whole;
      if (!started_ || kind == 'S' || kind == 'Q' || kind == 'X' || kind == 'p') {
        started_ = started_ || begins;
        std::string request = bytes.substr(0, end);
        bytes.erase(0, end);
        return request;
      }
    }
  }

 private:
  bool started_ = false;
};

}  // namespace

CuttingProxy::CuttingProxy(int server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = local(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      ::listen(listener_, 64) == 0 &&
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port_ = ntohs(address.sin_port);
  }
  accepting_ = std::thread([this] { accept_clients(); });
}

CuttingProxy::~CuttingProxy() {
  stopping_ = true;
  held_ = false;
  accepting_.join();
  for (std::thread& one : serving_) one.join();
  ::close(listener_);
}

void CuttingProxy::cut_at(std::string word, Cut cut) {
  const std::lock_guard lock(mutex_);
  word_ = std::move(word);
  cut_ = cut;
}

bool CuttingProxy::is_to_cut(const std::string& request, Cut& cut) {
  const std::lock_guard lock(mutex_);
  if (word_.empty() || request.find(word_) == std::string::npos) return false;
  word_.clear();
  cut = cut_;
  return true;
}

void CuttingProxy::accept_clients() {
  while (!stopping_) {
    pollfd watched{listener_, POLLIN, 0};
    if (::poll(&watched, 1, 20) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    serving_.emplace_back([this, client] { serve(client); });
  }
}

void CuttingProxy::serve(int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = local(server_port_);
  int on = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  Requests requests;
  std::string said;
  std::string buffer(64 * 1024, '\0');
  while (open && !stopping_) {
    pollfd watched[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (::poll(watched, 2, 20) <= 0) continue;
    if (watched[1].revents != 0) {
      const ssize_t count = ::recv(server, buffer.data(), buffer.size(), 0);
      open = count > 0 && send_all(client, buffer.substr(0, static_cast<std::size_t>(count)));
    }
    if (!open || watched[0].revents == 0) continue;
    const ssize_t count = ::recv(client, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    said.append(buffer, 0, static_cast<std::size_t>(count));
    for (std::string request; open && !(request = requests.next(said)).empty();) {
      Cut cut{};
      if (!is_to_cut(request, cut)) {
        open = send_all(server, request);
        continue;
      }
      open = false;
      if (cut == Cut::while_it_is_done || cut == Cut::after_it_was_done) send_all(server, request);
      if (cut == Cut::after_it_was_done) {
        pollfd answer{server, POLLIN, 0};
        ::poll(&answer, 1, 10'000);
      }
      if (cut == Cut::late) held_ = true;
      ::shutdown(client, SHUT_RDWR);
      ++cuts_;
      if (cut == Cut::late) {
        while (held_ && !stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        send_all(server, request);
      }
      if (cut != Cut::before_it_arrives) {
        // The server is heard out, so that it is not its own end that undoes the work.
        while (!stopping_) {
          pollfd answer{server, POLLIN, 0};
          if (::poll(&answer, 1, 300) <= 0) break;
          if (::recv(server, buffer.data(), buffer.size(), 0) <= 0) break;
        }
      }
    }
  }
  ::close(client);
  ::close(server);
}

}  // namespace annals::postgres_test
