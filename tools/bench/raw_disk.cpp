#include "raw_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "measurement.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace annals::bench {

namespace {

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool open() const { return descriptor_ >= 0; }
  bool write(const std::vector<char>& data, std::uint64_t offset) const {
    std::size_t done = 0;
    while (done < data.size()) {
      const ssize_t written = ::pwrite(descriptor_, data.data() + done, data.size() - done,
                                       static_cast<off_t>(offset + done));
      if (written < 0 && errno != EINTR) return false;
      done += written < 0 ? 0 : static_cast<std::size_t>(written);
    }
    return true;
  }
  bool sync() const { return ::fdatasync(descriptor_) == 0; }

 private:
  int descriptor_;
};

Error failed(const std::filesystem::path& file) {
  return {.code = ErrorCode::unavailable,
          .message = "raw disk, " + file.string() + ": " + std::strerror(errno)};
}

/// Writes and syncs at growing offsets, from 0 again where `file_bytes` end.
Result<double> write_loop(const std::filesystem::path& path, const Descriptor& file,
                          std::uint64_t bytes, std::uint64_t file_bytes, double seconds,
                          Latencies& latencies) {
  const std::vector<char> data(bytes, 'x');
  const Deadline deadline(seconds);
  const auto started = Clock::now();
  std::uint64_t offset = 0;
  std::uint64_t writes = 0;
  do {
    if (offset + bytes > file_bytes) offset = 0;
    const auto before = Clock::now();
    if (!file.write(data, offset) || !file.sync()) return failed(path);
    latencies.add(Clock::now() - before);
    offset += bytes;
    ++writes;
  } while (!deadline.over());
  return static_cast<double>(writes) / seconds_since(started);
}

}  // namespace

Result<RawRate> measure_raw_disk(const std::filesystem::path& path, std::uint64_t bytes,
                                 double seconds) {
  constexpr std::uint64_t chunk = 1024 * 1024;
  bytes = std::max<std::uint64_t>(bytes, 1);
  RawRate rate;
  {
    const Descriptor file(path);
    const std::uint64_t file_bytes = std::max(64 * chunk, (bytes / chunk + 1) * chunk);
    if (!file.open()) return failed(path);
    const std::vector<char> zeros(chunk, 0);
    for (std::uint64_t offset = 0; offset < file_bytes; offset += chunk) {
      if (!file.write(zeros, offset)) return failed(path);
    }
    if (!file.sync()) return failed(path);
    Latencies latencies;
    const auto zeroed = write_loop(path, file, bytes, file_bytes, seconds / 2, latencies);
    if (!zeroed) return zeroed.error();
    rate.per_second = *zeroed;
    rate.p50_us = latencies.percentile(0.50);
  }
  const Descriptor file(path);
  if (!file.open()) return failed(path);
  Latencies ignored;
  const auto growing = write_loop(path, file, bytes, ~std::uint64_t{0}, seconds / 2, ignored);
  if (!growing) return growing.error();
  rate.growing_per_second = *growing;
  ::unlink(path.c_str());
  return rate;
}

Result<double> measure_sequential_writes(const std::filesystem::path& path, double seconds) {
  constexpr std::uint64_t chunk = 1024 * 1024;
  constexpr std::uint64_t file_bytes_max = 4096 * chunk;
  const std::vector<char> data(chunk, 'x');
  const Descriptor file(path);
  if (!file.open()) return failed(path);
  const Deadline deadline(seconds);
  const auto started = Clock::now();
  std::uint64_t offset = 0;
  do {
    if (!file.write(data, offset)) return failed(path);
    offset += chunk;
  } while (!deadline.over() && offset < file_bytes_max);
  if (!file.sync()) return failed(path);
  const double rate = static_cast<double>(offset) / seconds_since(started);
  ::unlink(path.c_str());
  return rate;
}

RawRate median(const std::vector<RawRate>& runs) {
  const auto middle = [&](double RawRate::*rate) {
    std::vector<double> rates;
    for (const RawRate& run : runs) rates.push_back(run.*rate);
    return median(std::move(rates));
  };
  return {.per_second = middle(&RawRate::per_second),
          .p50_us = middle(&RawRate::p50_us),
          .growing_per_second = middle(&RawRate::growing_per_second),
          .sequential_bytes_per_second = middle(&RawRate::sequential_bytes_per_second)};
}

}  // namespace annals::bench
