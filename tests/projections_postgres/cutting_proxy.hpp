#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace annals::postgres_test {

/// Stands between a client and a server, and cuts the connection on which the next COMMIT comes.
class CuttingProxy {
 public:
  enum class Cut { none, before_commit, after_commit };

  explicit CuttingProxy(int server_port);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const { return port_; }
  void arm(Cut cut) { cut_ = cut; }
  bool has_cut() const { return cut_ == Cut::none; }

 private:
  void accept_all();
  void serve(int client);

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<Cut> cut_ = Cut::none;
  std::atomic<bool> ended_ = false;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

}  // namespace annals::postgres_test
