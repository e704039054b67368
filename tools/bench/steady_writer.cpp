#include "steady_writer.hpp"

#include <utility>

namespace annals::bench {

SteadyWriter::SteadyWriter(double per_second, std::function<Result<void>()> write)
    : write_(std::move(write)), thread_([this, per_second] { work(per_second); }) {}

SteadyWriter::~SteadyWriter() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

Result<double> SteadyWriter::stop() {
  stopping_ = true;
  thread_.join();
  const double seconds = seconds_since(started_);
  if (!failure_) return failure_.error();
  return static_cast<double>(written_) / seconds;
}

void SteadyWriter::work(double per_second) {
  const std::chrono::duration<double> pause(1 / per_second);
  while (!stopping_) {
    const auto due = started_ + std::chrono::duration_cast<Clock::duration>(
                                    pause * static_cast<double>(written_));
    std::this_thread::sleep_until(due);
    failure_ = write_();
    if (!failure_) return;
    ++written_;
  }
}

}  // namespace annals::bench
