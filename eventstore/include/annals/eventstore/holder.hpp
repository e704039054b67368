/// @file
/// Who holds a lease, and whether he may still be there.

#pragma once

#include <cstdint>
#include <string>

namespace annals {

/// Who holds a lease: one runner in one process on one machine.
struct Holder {
  std::string host;
  std::int64_t pid = 0;
  /// Tells this process from a later one of the same pid: when it began, in the machine's ticks.
  std::uint64_t started = 0;
  std::string runner;  ///< Random: tells runners in one process apart.

  bool operator==(const Holder&) const = default;
};

/// This process, as a holder of its own.
Holder make_holder();
/// "pid 4711 on ledger-3".
std::string to_string(const Holder& holder);
/// False only if the holder's process is known to be gone: it ran on this machine, and its pid is
/// free or belongs to a process that began at another time.
bool may_be_alive(const Holder& holder);

}  // namespace annals
