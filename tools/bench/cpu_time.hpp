/// @file
/// Processor time, which says what work costs also where others use the machine.

#pragma once

#include <sys/resource.h>
#include <sys/time.h>

namespace annals::bench {

/// What all threads of this process and all its children that have ended have used until now, in
/// seconds.
inline double cpu_seconds() {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  double used = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    used += seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  return used;
}

}  // namespace annals::bench
