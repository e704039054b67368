#include "found_append.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace annals::internal {

FoundAppend::FoundAppend(const SegmentBytes& segment, const AppendView& append,
                         const KeyHasher& hasher)
    : entry(append.entry) {
  tag_hashes.reserve(append.tags.size());
  for (const std::string_view tag : append.tags) {
    tag_hashes.push_back(hasher(KeyKind::tag, tag));
  }
  keys.reserve(append.records.size());
  for (std::size_t i = 0; i < append.records.size(); ++i) {
    const RecordView& record = append.records[i];
    keys.push_back({.event = record.event,
                    .stream = record.stream,
                    .version = record.version,
                    .type = record.type,
                    .tags = append.tags_of(record),
                    .tag_hashes = std::span(tag_hashes).subspan(record.first_tag, record.tag_count),
                    .offset = static_cast<std::uint32_t>(append.offsets[i])});
    if (record.event) keys.back().hash(hasher);
  }
  check = append_header_check(segment, entry.address);
}

Result<void> check_versions(const SegmentBytes& segment, const AppendView& append,
                            const MemoryPart& part, const KeyHasher& hasher) {
  std::unordered_map<std::string_view, StreamVersion> next;
  for (std::size_t i = 0; i < append.records.size(); ++i) {
    const RecordView& record = append.records[i];
    if (!record.event) continue;
    auto known = next.find(record.stream);
    if (known == next.end()) {
      const auto here = part.last_version(hasher(KeyKind::stream, record.stream));
      known =
          next.emplace(record.stream, here ? StreamVersion{here->value + 1} : record.version).first;
    }
    if (record.version != known->second) {
      return corrupt(segment, append.offsets[i],
                     "stream " + std::string(record.stream) + " goes from version " +
                         to_string(known->second) + " to " + to_string(record.version));
    }
    ++known->second.value;
  }
  return {};
}

Result<void> index_append(const SegmentBytes& segment, const AppendView& append,
                          const KeyHasher& hasher, MemoryPart& part) {
  if (auto follow = check_versions(segment, append, part, hasher); !follow) return follow;
  const FoundAppend found(segment, append, hasher);
  part.add(found.entry, found.offset(), found.check, found.keys);
  return {};
}

}  // namespace annals::internal
