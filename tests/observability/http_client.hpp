/// @file
/// A client that sends any bytes, so that a server can be asked what no library would ask.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace annals::observability_test {

struct HttpAnswer {
  int status = 0;  ///< 0: it was no HTTP.
  std::map<std::string, std::string> headers;
  std::string body;
};

/// A connection to 127.0.0.1 that stays until it ends.
class Caller {
 public:
  explicit Caller(std::uint16_t port);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// False: the other side has closed, or takes nothing.
  bool send(std::string_view bytes);
  void end_sending();
  /// Until the other side closes; a minute for each part.
  std::string read();

 private:
  int socket_;
  bool connected_ = false;
};

/// Connects to 127.0.0.1, sends the bytes, and reads until the other side closes. Empty if it
/// closes at once.
std::string send_and_read(std::uint16_t port, std::string_view bytes);

/// `method` is GET or another one.
HttpAnswer ask(std::uint16_t port, const std::string& path, const std::string& method = "GET");

}  // namespace annals::observability_test
