#include "memory/memory_block.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

namespace annals::internal {

namespace {

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view(*text);
}

Link link_again(const MemoryBlock& block, const Link& previous) {
  std::vector<StreamVersion> versions;
  std::vector<Digest> contents;
  for (const RecordedEvent& event : block.events()) versions.push_back(event.version);
  for (const NewEvent& event : block.given()) contents.push_back(content_hash(event));
  return link_of(block.entry(), previous, versions, contents);
}

}  // namespace

MemoryBlock::MemoryBlock(AppendRequest request, std::span<const StreamVersion> versions,
                         const AppendEntry& entry)
    : request_(std::move(request)), entry_(entry) {
  std::size_t tag_count = 0;
  for (const NewEvent& event : request_.events) tag_count += event.tags.size();
  tags_.reserve(tag_count);  // The events hold spans of it.
  events_.reserve(request_.events.size());
  for (std::uint32_t i = 0; i < request_.events.size(); ++i) {
    const NewEvent& event = request_.events[i];
    const std::size_t first_tag = tags_.size();
    tags_.insert(tags_.end(), event.tags.begin(), event.tags.end());
    const Timestamp known_at = event.known_at.value_or(entry.recorded_at);
    events_.push_back({.stream = event.stream,
                       .version = versions[i],
                       .position = {entry.first.value + i},
                       .id = event.id ? *event.id : derived_event_id(entry.id, i),
                       .type = event.type,
                       .schema_version = event.schema_version,
                       .content_type = event.content_type,
                       .data = event.data,
                       .metadata = event.metadata,
                       .tags = std::span(tags_).subspan(first_tag),
                       .correlation_id = view(event.correlation_id),
                       .causation_id = view(event.causation_id),
                       .actor = view(event.actor),
                       .traceparent = view(event.traceparent),
                       .recorded_at = entry.recorded_at,
                       .known_at = known_at,
                       .effective_at = event.effective_at.value_or(known_at),
                       .origin = event.origin,
                       .given = {.id = event.id.has_value(),
                                 .known_at = event.known_at.has_value(),
                                 .effective_at = event.effective_at.has_value()}});
  }
}

std::vector<RecordKeys> MemoryBlock::keys(std::span<const KeyHash> streams,
                                          std::span<const std::uint64_t> tags) const {
  std::vector<RecordKeys> keys;
  keys.reserve(events_.size());
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const RecordedEvent& event = events_[i];
    keys.push_back({.event = true,
                    .stream = event.stream,
                    .version = event.version,
                    .type = event.type,
                    .tags = event.tags,
                    .stream_hash = streams[i],
                    .tag_hashes = tags.first(event.tags.size())});
    tags = tags.subspan(event.tags.size());
  }
  return keys;
}

Link link_of(const AppendEntry& entry, const Link& previous,
             std::span<const StreamVersion> versions, std::span<const Digest> contents) {
  std::vector<LinkedEvent> events;
  events.reserve(versions.size());
  for (std::size_t i = 0; i < versions.size(); ++i) events.push_back({versions[i], contents[i]});
  return next_link(previous, entry.id, entry.first, entry.recorded_at, events);
}

Result<VerifyReport> verify_blocks(std::span<const std::shared_ptr<const MemoryBlock>> blocks,
                                   const StoreId& store, const VerifyOptions& options) {
  const GlobalPosition head = blocks.empty() ? GlobalPosition{0} : blocks.back()->entry().last();
  GlobalPosition first = options.first;
  GlobalPosition last = options.last.value_or(head);
  if (last > head || (first > head && first.value > 1)) {
    return Error{.code = ErrorCode::diverged,
                 .message = "positions " + to_string(first) + " to " + to_string(last) +
                            " reach beyond the head, " + to_string(head),
                 .position = head};
  }
  // An expected link proves something only if the range reaches it.
  if (options.expected) {
    first = std::min(first, options.expected->position);
    last = std::max(last, std::min(options.expected->position, head));
  }

  VerifyReport report;
  report.link = first_link(store);
  const auto bad = [&](std::string what, const AppendEntry& entry) {
    report.outcome = VerifyReport::Outcome::changed;
    report.first_bad = VerifyReport::Bad{std::move(what), entry.first, entry.last(), {}};
  };
  const std::uint64_t total = last.value >= first.value ? last.value - first.value + 1 : 0;
  for (const auto& block : blocks) {
    const AppendEntry& entry = block->entry();
    if (entry.first > last) break;
    if (entry.last() < first) {
      report.position = entry.last();
      report.link = entry.link;
      continue;
    }
    if (link_again(*block, report.link) != entry.link) {
      bad("the link of append " + to_string(entry.id) + " does not fit its events", entry);
      return report;
    }
    ++report.appends;
    report.events += entry.count;
    report.position = entry.last();
    report.link = entry.link;
    if (options.expected && options.expected->position >= entry.first &&
        options.expected->position <= entry.last() &&
        (options.expected->position != entry.last() || options.expected->link != entry.link)) {
      bad("the link at position " + to_string(options.expected->position) +
              " is not the expected one",
          entry);
      return report;
    }
    const std::uint64_t done = entry.last().value - std::min(first, entry.last()).value + 1;
    if (options.progress && !options.progress(std::min(done, total), total)) {
      report.outcome = VerifyReport::Outcome::incomplete;
      return report;
    }
  }
  if (options.expected && options.expected->position.value == 0 &&
      options.expected->link != first_link(store)) {
    report.outcome = VerifyReport::Outcome::changed;
    report.first_bad =
        VerifyReport::Bad{"this is another store: its first link differs", {}, {}, {}};
  }
  if (options.expected && options.expected->position > head) {
    report.outcome = VerifyReport::Outcome::incomplete;
  }
  return report;
}

}  // namespace annals::internal
