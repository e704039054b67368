#include "topic_cursor.hpp"

#include "plain_text.hpp"

namespace annals::internal {

namespace {

constexpr std::string_view kind = "annals-kafka";
constexpr std::string_view version = "1";

bool read_place(std::string_view word, TopicCursor& cursor) {
  const std::size_t at = word.find('@');
  const std::size_t colon = word.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at) return false;
  std::uint32_t partition = 0;
  std::int64_t next = 0;
  std::int64_t before = 0;  // Signed, as databases keep it: no store comes to positions beyond.
  if (!read_number(word.substr(0, at), partition) ||
      !read_number(word.substr(at + 1, colon - at - 1), next) ||
      !read_number(word.substr(colon + 1), before)) {
    return false;
  }
  const TopicCursor::Place place{next, {static_cast<std::uint64_t>(before)}};
  return next >= 0 && before >= 0 && partition < cursor.of.partitions &&
         cursor.places.emplace(partition, place).second;
}

Error another(const std::string& why) { return {ErrorCode::invalid_argument, why}; }

}  // namespace

Result<void> check_same_topic(const TopicIdentity& was, const TopicIdentity& is) {
  if (was.topic != is.topic) {
    return another("it was read from topic " + was.topic + ", and this is topic " + is.topic);
  }
  if (was.cluster != is.cluster && !was.cluster.empty() && !is.cluster.empty()) {
    return another("topic " + is.topic + " was read from the Kafka cluster " + was.cluster +
                   ", and these brokers are of the cluster " + is.cluster);
  }
  if (was.partitions == is.partitions) return {};
  return another("topic " + is.topic + " has " + std::to_string(is.partitions) +
                 " partitions, and had " + std::to_string(was.partitions) +
                 ": streams may have changed theirs");
}

std::string to_text(const TopicCursor& cursor) {
  std::string text(kind);
  text.append(" ").append(version).append(" ");
  text.append(cursor.of.cluster.empty() ? "-" : cursor.of.cluster).append(" ");
  text.append(cursor.of.topic).append(" ").append(std::to_string(cursor.of.partitions));
  for (const auto& [partition, place] : cursor.places) {
    text.append(" ").append(std::to_string(partition)).append("@");
    text.append(std::to_string(place.next)).append(":");
    text.append(std::to_string(place.before.value));
  }
  return text;
}

Result<std::optional<TopicCursor>> parse_topic_cursor(std::string_view text) {
  const std::string whole(text);
  if (next_word(text) != kind) return std::optional<TopicCursor>();
  if (next_word(text) != version) {
    return Error{ErrorCode::unsupported, "a cursor was written by a later annals: " + whole};
  }
  TopicCursor cursor;
  cursor.of.cluster = next_word(text);
  if (cursor.of.cluster == "-") cursor.of.cluster.clear();
  cursor.of.topic = next_word(text);
  bool good = !cursor.of.topic.empty() && read_number(next_word(text), cursor.of.partitions);
  while (good && !text.empty()) good = read_place(next_word(text), cursor);
  if (!good) return Error{ErrorCode::corrupt, "a cursor cannot be read: " + whole};
  return std::optional<TopicCursor>(std::move(cursor));
}

}  // namespace annals::internal
