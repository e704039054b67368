#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace annals::postgres_test {

/// Stands between a client and a server on 127.0.0.1, passes on what they say, and cuts a
/// connection at a chosen message: as networks do, but when asked to.
class CuttingProxy {
 public:
  enum class Cut : std::uint8_t {
    before_it_arrives,  ///< The server never gets the message.
    while_it_is_done,   ///< The server has got it; how far it is when the client asks is open.
    after_it_was_done,  ///< The server has answered; its answer is lost.
    late,               ///< The client is cut off; the server gets it when let_go() is called.
  };

  explicit CuttingProxy(int server_port);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const { return port_; }

  /// The next request of a client that holds `word` is the one to cut at. Once.
  void cut_at(std::string word, Cut cut);
  /// Lets go of what a late cut holds back.
  void let_go() { held_ = false; }
  /// How many connections have been cut.
  int cuts() const { return cuts_; }

 private:
  void accept_clients();
  void serve(int client);
  /// What is to be done with a request; takes the order with it.
  bool is_to_cut(const std::string& request, Cut& cut);

  const int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> held_ = false;
  std::atomic<int> cuts_ = 0;
  std::mutex mutex_;
  std::string word_;                  // Guarded by mutex_; empty: nothing is to be cut.
  Cut cut_ = Cut::before_it_arrives;  // Guarded by mutex_.
  std::vector<std::thread> serving_;  // Guarded by mutex_.
  std::thread accepting_;
};

}  // namespace annals::postgres_test
