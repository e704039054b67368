/// @file
/// Standard output, as lines.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <annals/eventstore/result.hpp>

namespace annals::cli {

/// How rows are shown. `automatic` is a table on a terminal and JSON lines anywhere else.
enum class Format : std::uint8_t { automatic, table, json };

/// Buffered writing to a file descriptor. A reader that went away (`| head`) is no error: writing
/// goes nowhere from then on, and wanted() tells loops that they may end. Of one thread.
class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { flush(); }

  /// Writes `text` and ends the line.
  void line(std::string_view text);
  /// Hands everything over to the operating system.
  void flush();
  /// Says whether anybody still reads.
  bool wanted() const noexcept { return !gone_ && !failure_; }
  /// Flushes, and says whether everything that was wanted has been written.
  ///
  /// Errors: unavailable (a full disk).
  Result<void> finish();

  bool terminal() const;
  /// Columns of the terminal; nothing if it is none.
  std::optional<std::size_t> width() const;
  /// What `format` means here: table or json.
  Format resolve(Format format) const;

 private:
  int descriptor_;
  std::string waiting_;
  bool gone_ = false;
  std::optional<std::string> failure_;
};

}  // namespace annals::cli
