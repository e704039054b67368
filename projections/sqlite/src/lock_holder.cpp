// Asking the lock itself (F_GETLK) needs a descriptor of the file, and closing that would drop the
// locks that SQLite holds in this process. /proc/locks tells without.

#include "lock_holder.hpp"

#include <fstream>
#include <sstream>

#include <sys/stat.h>

namespace annals::sqlite_rows {

namespace {

// Where SQLite's write lock lies in the shared-memory file: https://sqlite.org/walformat.html
constexpr std::uint64_t write_lock_byte = 120;

}  // namespace

std::optional<std::int64_t> write_lock_holder(const std::string& path) {
  struct stat file {};
  if (::stat((path + "-shm").c_str(), &file) != 0) return std::nullopt;
  std::ifstream locks("/proc/locks");
  std::string line;
  while (std::getline(locks, line)) {
    // 7: POSIX  ADVISORY  WRITE 4711 08:01:131 120 120
    std::istringstream words(line);
    std::string number, kind, strictness, access, place, first, last;
    std::int64_t pid = 0;
    words >> number >> kind >> strictness >> access >> pid >> place >> first >> last;
    // Also passes over those that only wait for a lock ("7: -> POSIX …").
    if (!words || kind != "POSIX" || access != "WRITE" || pid <= 0) continue;
    // The inode alone: a file may show another device number here than in stat.
    if (place.substr(place.rfind(':') + 1) != std::to_string(file.st_ino)) continue;
    if (first == std::to_string(write_lock_byte)) return pid;
  }
  return std::nullopt;
}

}  // namespace annals::sqlite_rows
