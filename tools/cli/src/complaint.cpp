#include "complaint.hpp"

#include <filesystem>

#include "table.hpp"

namespace annals::cli {

namespace {

/// A file of the log, as docs/reference/log_format.md names them: anything else that is damaged is
/// a database of read models. A complete segment may be its .packed file alone.
bool is_of_the_log(const std::string& file) {
  const std::string name = std::filesystem::path(file).filename().string();
  return name.starts_with("segment-") || name.starts_with("MANIFEST") || name == "mark" ||
         name == "heads" || name == "snapshots" || name == "LOCK";
}

/// What to do about it; empty where the message must say it itself.
std::string remedy(std::string_view program, const Error& error) {
  const std::string name(program);
  switch (error.code) {
    case ErrorCode::corrupt:
      // The fold of an event that is whole.
      if (!error.place && error.position) return {};
      if (error.place && !is_of_the_log(error.place->file)) {
        return "it holds nothing that the log does not: move it away and run '" + name +
               " projections rebuild --create'";
      }
      if (is_lost_mark(error)) {
        return "'" + name + " verify' says how far the store is whole, and '" + name +
               " recover --accept-lost-mark' takes that for all there was";
      }
      if (error.message.starts_with("schema ")) {
        return "restore the database, or repeat an exact import that was cut short";
      }
      return "run '" + name +
             " verify' on the folder to see how far it is whole, then restore it "
             "from a backup, or that much of it with 'restore --to'";
    case ErrorCode::unsupported: return "a newer version of the program may read it";
    case ErrorCode::diverged: return "'" + name + " stats' shows where history ends";
    case ErrorCode::stream_not_found: return "'" + name + " streams' lists the streams";
    case ErrorCode::wrong_expected_version:
    case ErrorCode::condition_failed:
    case ErrorCode::rejected:
    case ErrorCode::invalid_argument:
    case ErrorCode::unavailable:
    case ErrorCode::outcome_unknown:
    case ErrorCode::timeout: return {};
  }
  return {};
}

}  // namespace

bool is_lost_mark(const Error& error) {
  return error.code == ErrorCode::corrupt && error.place &&
         std::filesystem::path(error.place->file).filename() == "mark";
}

std::string complaint(std::string_view program, const Error& error) {
  std::string line = std::string(program) + ": " + to_string(error);
  // Some messages name the place themselves.
  if (error.place && line.find(error.place->file) == std::string::npos) {
    line += ", file " + error.place->file + ", offset " + std::to_string(error.place->offset);
  }
  if (const std::string advice = remedy(program, error); !advice.empty()) {
    line += "; " + advice;
  }
  return printable(line);
}

}  // namespace annals::cli
