#include "http_client.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace annals::observability_test {

Caller::Caller(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  timeval patience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  EXPECT_TRUE(connected_) << "nobody listens at port " << port;
}
Caller::~Caller() { ::close(socket_); }

bool Caller::send(std::string_view bytes) {
  return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

void Caller::end_sending() { ::shutdown(socket_, SHUT_WR); }

std::string Caller::read() {
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; connected_ && (got = ::recv(socket_, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  return answer;
}

std::string send_and_read(std::uint16_t port, std::string_view bytes) {
  Caller caller(port);
  // A server may have seen enough before it has seen all.
  static_cast<void>(caller.send(bytes));
  return caller.read();
}

HttpAnswer ask(std::uint16_t port, const std::string& path, const std::string& method) {
  const std::string text =
      send_and_read(port, method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  HttpAnswer answer;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || !text.starts_with("HTTP/1.1 ")) return answer;
  answer.status = std::stoi(text.substr(9, 3));
  answer.body = text.substr(end + 4);
  for (std::size_t at = text.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = text.find("\r\n", at);
    const std::size_t colon = text.find(": ", at);
    answer.headers[text.substr(at, colon - at)] = text.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  return answer;
}

}  // namespace annals::observability_test
