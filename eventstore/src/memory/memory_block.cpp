#include "memory/memory_block.hpp"

#include <algorithm>
#include <utility>

#include <annals/eventstore/content_hash.hpp>

namespace annals::internal {

namespace {

std::optional<std::string_view> view_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view(*text);
}

/// Of the events as they are, hashed again.
Link link_again(const MemoryBlock& block, const Link& previous) {
  std::vector<LinkedEvent> events;
  for (std::size_t i = 0; i < block.events().size(); ++i) {
    events.push_back({block.events()[i].version, content_hash(block.given().request.events[i])});
  }
  const AppendEntry& entry = block.entry();
  return next_link(previous, entry.id, entry.first, entry.recorded_at, events);
}

}  // namespace

MemoryBlock::MemoryBlock(PreparedAppend append, const AppendEntry& entry)
    : append_(std::move(append)), entry_(entry) {
  events_.reserve(append_.keys.size());
  for (std::uint32_t i = 0; i < append_.keys.size(); ++i) {
    const NewEvent& event = append_.request.events[i];
    const RecordKeys& keys = append_.keys[i];
    const Timestamp known_at = event.known_at.value_or(entry.recorded_at);
    events_.push_back({.stream = event.stream,
                       .version = keys.version,
                       .position = {entry.first.value + i},
                       .id = event.id ? *event.id : derived_event_id(entry.id, i),
                       .type = event.type,
                       .schema_version = event.schema_version,
                       .content_type = event.content_type,
                       .data = event.data,
                       .metadata = event.metadata,
                       .tags = keys.tags,
                       .correlation_id = view_of(event.correlation_id),
                       .causation_id = view_of(event.causation_id),
                       .actor = view_of(event.actor),
                       .traceparent = view_of(event.traceparent),
                       .recorded_at = entry.recorded_at,
                       .known_at = known_at,
                       .effective_at = event.effective_at.value_or(known_at),
                       .origin = event.origin,
                       .given = {.id = event.id.has_value(),
                                 .known_at = event.known_at.has_value(),
                                 .effective_at = event.effective_at.has_value()}});
  }
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
