#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "descriptor.hpp"

#include <poll.h>

namespace annals::internal {

/// A client that asks once and is answered once.
struct Connection {
  Descriptor socket;
  std::chrono::steady_clock::time_point
      until;                 ///< It is dropped when its part is not done by then.
  std::string request = {};  ///< What has come of the request's head.
  std::string answer = {};   ///< Once there is one, the request is not looked at.
  std::size_t sent = 0;      ///< Bytes of the answer.
};

/// Reads the heads of requests and writes answers, of all clients on one thread, so that a slow one
/// costs a descriptor and what it has sent, but no thread. Thread-safe.
///
/// A client has five seconds for its request and as many to take the answer, and is dropped
/// afterwards. It is dropped, too, when its head has more than 16 KiB, or when there are 64 clients
/// and it is the one who came first.
class Connections {
 public:
  static constexpr std::chrono::seconds patience{5};
  static constexpr std::size_t head_bytes_max = 16 * 1024;
  static constexpr std::size_t clients_max = 64;

  /// Called on the thread of this object when a head has come or its client has ended it early;
  /// must not wait. Whoever has an answer hands it to answer().
  using Asked = std::function<void(Connection)>;

  /// Throws std::system_error: no more descriptors or threads.
  explicit Connections(Asked asked);
  /// Drops those who have not asked yet, and gives answers a second to be taken.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// A client that has been accepted.
  void add(Descriptor socket);
  /// Sends the answer, if it is not empty, and closes.
  void answer(Connection connection, std::string bytes);

 private:
  void hand_over(Connection connection);
  void serve();
  /// Waits for something to do. Entry i is of the i-th client.
  std::vector<pollfd> wait();
  /// Goes on with this client. False: it is done with, here.
  bool go_on(Connection& client);
  bool read(Connection& client);
  /// Takes in what add() and answer() have left. False: it is over.
  bool take_in();
  void drop_late();

  const Asked asked_;
  const Descriptor wake_;  // An eventfd: ends the sleep of the thread.
  std::mutex mutex_;
  std::deque<Connection> arrived_;  // Guarded by mutex_; at most clients_max.
  bool ending_ = false;             // Guarded by mutex_.
  std::list<Connection> clients_;   // Of the thread; at most clients_max, the first come first.
  std::thread thread_;
};

}  // namespace annals::internal
