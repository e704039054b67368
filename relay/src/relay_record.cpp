#include <algorithm>
#include <sstream>

#include <annals/relay/relay_checkpoints.hpp>

#include "plain_text.hpp"

namespace annals {

namespace {

using internal::next_word;
using internal::read_number;

constexpr std::string_view first_line = "annals-relay 1";

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return text;
}

bool read_holder(std::string_view value, std::optional<Holder>& into) {
  Holder holder;
  holder.runner = next_word(value);
  if (!read_number(next_word(value), holder.pid)) return false;
  if (!read_number(next_word(value), holder.started)) return false;
  holder.host = value;
  into = std::move(holder);
  return true;
}

bool read_offsets(std::string_view value, std::vector<std::int64_t>& into) {
  while (!value.empty()) {
    if (!read_number(next_word(value), into.emplace_back())) return false;
  }
  return true;
}

bool read_positions(std::string_view value, std::vector<GlobalPosition>& into) {
  while (!value.empty()) {
    if (!read_number(next_word(value), into.emplace_back().value)) return false;
  }
  return true;
}

// False if the value is none for that name.
bool read_line(std::string_view name, std::string_view value, RelayRecord& record) {
  if (name == "topic") return record.topic = value, true;
  if (name == "revision") return read_number(value, record.revision);
  if (name == "epoch") return read_number(value, record.epoch);
  if (name == "holder") return read_holder(value, record.holder);
  if (name == "lease_ms") {
    std::int64_t count = 0;
    const bool read = read_number(value, count);
    record.lease = std::chrono::milliseconds(count);
    return read;
  }
  if (name == "token") {
    const auto token = parse_token(value);
    if (token) record.checkpoint.token = *token;
    return token.has_value();
  }
  if (name == "link") {
    record.checkpoint.link = parse_digest(value);
    return record.checkpoint.link.has_value();
  }
  if (name == "cluster") return record.cluster = value, true;
  if (name == "partitioner") return record.partitioner = value, true;
  if (name == "last_positions") return read_positions(value, record.last_positions);
  if (name == "last_offsets") return read_offsets(value, record.last_offsets);
  if (name == "failure") return record.failure = value, true;
  if (name == "updated_at") {
    const auto time = parse_timestamp(value);
    if (time) record.updated_at = *time;
    return time.has_value();
  }
  return false;
}

}  // namespace

std::string to_text(const RelayRecord& record) {
  std::ostringstream out;
  out << first_line << "\ntopic " << record.topic << "\nrevision " << record.revision << "\nepoch "
      << record.epoch << "\nlease_ms " << record.lease.count() << '\n';
  if (record.holder) {
    out << "holder " << record.holder->runner << ' ' << record.holder->pid << ' '
        << record.holder->started << ' ' << one_line(record.holder->host) << '\n';
  }
  out << "token " << to_string(record.checkpoint.token) << '\n';
  if (record.checkpoint.link) out << "link " << to_string(*record.checkpoint.link) << '\n';
  if (!record.cluster.empty()) out << "cluster " << one_line(record.cluster) << '\n';
  if (!record.partitioner.empty()) out << "partitioner " << record.partitioner << '\n';
  if (!record.last_positions.empty()) {
    out << "last_positions";
    for (const GlobalPosition position : record.last_positions) out << ' ' << position.value;
    out << '\n';
  }
  if (!record.last_offsets.empty()) {
    out << "last_offsets";
    for (const std::int64_t offset : record.last_offsets) out << ' ' << offset;
    out << '\n';
  }
  if (!record.failure.empty()) out << "failure " << one_line(record.failure) << '\n';
  out << "updated_at " << to_string(record.updated_at) << "\nend\n";
  return std::move(out).str();
}

Result<RelayRecord> parse_relay_record(std::string_view text) {
  RelayRecord record;
  std::size_t number = 0;
  bool ended = false;
  while (!text.empty() && !ended) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (++number == 1) {
      if (line == first_line) continue;
      const bool later = line.starts_with("annals-relay ");
      return Error{later ? ErrorCode::unsupported : ErrorCode::corrupt,
                   later
                       ? "a relay's record was written by a later annals: " + std::string(line)
                       : "a relay's record does not begin with '" + std::string(first_line) + "'"};
    }
    ended = line == "end";
    const std::string whole(line);
    const std::string_view name = next_word(line);
    if (!ended && !read_line(name, line, record)) {
      return Error{ErrorCode::corrupt, "line " + std::to_string(number) +
                                           " of a relay's record cannot be read: " + whole};
    }
  }
  if (!ended) return Error{ErrorCode::corrupt, "a relay's record does not end with 'end'"};
  for (const GlobalPosition last : record.last_positions) {
    if (last <= record.checkpoint.token.position) continue;
    return Error{ErrorCode::corrupt, "a relay's record says that position " + to_string(last) +
                                         " was published, and its checkpoint is at " +
                                         to_string(record.checkpoint.token.position)};
  }
  if (!record.last_offsets.empty() && record.last_offsets.size() != record.last_positions.size()) {
    return Error{ErrorCode::corrupt, "a relay's record has " +
                                         std::to_string(record.last_positions.size()) +
                                         " last positions, and " +
                                         std::to_string(record.last_offsets.size()) + " offsets"};
  }
  return record;
}

bool is_topic_name(std::string_view name) noexcept {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), fits);
}

}  // namespace annals
