#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "connections.hpp"

#include <httplib.h>
#include <sys/socket.h>

namespace annals::internal {

/// cpp-httplib's server without its way of waiting for clients: a thread that reads from a socket
/// until the client has asked, as long as that goes on sending, and whatever that sends. Here
/// Connections waits, and the library gets a request that has come and returns its answer.
///
/// Each connection is for one request; ranges are not looked at; no body is read.
class BoundedServer final : public httplib::Server {
 public:
  static constexpr std::size_t threads = 4;
  /// Requests that wait for a thread; more are dropped.
  static constexpr std::size_t requests_max = 64;

  /// Throws std::system_error: no more descriptors or threads.
  BoundedServer();
  /// Waits for the requests that are being answered. REQUIRES: nothing listens any more.
  ~BoundedServer() override;

  /// Lets many clients knock at once: the library has room for five, and a sixth would try again a
  /// second later. REQUIRES: it is bound.
  void make_room_to_knock() { ::listen(svr_sock_, knocking_max); }

 private:
  static constexpr int knocking_max = 128;

  void take_request(Connection connection);
  void answer(Connection connection);
  bool process_and_close_socket(socket_t socket) override;

  std::atomic<std::size_t> requests_ = 0;  // That wait or are being answered.
  std::atomic<bool> ending_ = false;
  std::unique_ptr<httplib::ThreadPool> answering_;
  std::unique_ptr<Connections> connections_;  // Ends first: it hands requests to the threads.
};

}  // namespace annals::internal
