#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace annals::chaos {

/// Passes on bytes between clients and a server on 127.0.0.1, until it is told to cut them off:
/// then each connection ends wherever it is, as when a network fails. New ones are let through
/// again.
class TcpProxy {
 public:
  /// `port` 0: any that is free.
  TcpProxy(int port, int server_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  /// 0: it could not listen there.
  int port() const { return port_; }
  /// Ends all connections that there are. Returns how many.
  int cut();

 private:
  void accept_clients();
  void serve(int client);

  const int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<int> clients_;          // Guarded by mutex_: those that are served now.
  std::vector<std::thread> serving_;  // Guarded by mutex_.
  std::thread accepting_;
};

}  // namespace annals::chaos
