#include "output.hpp"

#include <cerrno>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

namespace annals::cli {

namespace {
constexpr std::size_t buffer_bytes = 64 * 1024;
}  // namespace

void Output::line(std::string_view text) {
  if (!wanted()) return;
  waiting_ += text;
  waiting_ += '\n';
  if (waiting_.size() >= buffer_bytes) flush();
}

void Output::flush() {
  std::string_view rest = waiting_;
  while (!rest.empty() && wanted()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      gone_ = true;
    } else if (errno != EINTR) {
      failure_ = std::strerror(errno);
    }
  }
  waiting_.clear();
}

Result<void> Output::finish() {
  flush();
  if (failure_) {
    return Error{.code = ErrorCode::unavailable,
                 .message = "cannot write the output: " + *failure_};
  }
  return {};
}

bool Output::terminal() const { return ::isatty(descriptor_) == 1; }

std::optional<std::size_t> Output::width() const {
  if (!terminal()) return std::nullopt;
  winsize size{};
  if (::ioctl(descriptor_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

Format Output::resolve(Format format) const {
  if (format != Format::automatic) return format;
  return terminal() ? Format::table : Format::json;
}

}  // namespace annals::cli
