#include "planned_append.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include <annals/codec/event_type.hpp>

namespace annals::internal {

namespace {

constexpr std::size_t no_part = Job::no_part;
// Most events fit, and those that do not cost one more allocation.
constexpr std::size_t usual_data_bytes = 128;

Error fault(const Job& job, const AnyEvent& event, const std::string& why) {
  return Error{.code = ErrorCode::invalid_argument,
               .message = "command " + std::string(job.command->name()) + " decided the event " +
                          std::string(event.name()) + ", " + why};
}

// Which aggregate of the boundary the event is for.
Result<std::size_t> part_of(const Job& job, const DecidedEvent& decided) {
  const auto& aggregates = job.boundary.aggregates();
  const DecidedEvent::Target& target = decided.target();
  const bool own = target.id.empty() && target.stream.empty();
  if (own && aggregates.size() != 1) {
    return fault(job, decided.event(), "which needs a target: to(id, event)");
  }
  std::size_t found = no_part;
  bool named = false;
  for (std::size_t i = 0; i < aggregates.size(); ++i) {
    const bool meant = own || (target.stream.empty() ? aggregates[i].id == target.id
                                                     : aggregates[i].stream == target.stream);
    if (!meant) continue;
    named = true;
    if (aggregates[i].type->fold->find(decided.event().type()) == nullptr) continue;
    if (found != no_part) {
      return fault(job, decided.event(),
                   "for '" + target.id + "', which is both " + aggregates[found].stream + " and " +
                       aggregates[i].stream + ": say to<Aggregate>(id, event)");
    }
    found = i;
  }
  if (found != no_part) return found;
  const std::string& name = target.stream.empty() ? target.id : target.stream;
  return fault(job, decided.event(),
               named ? "which is missing from the Events<…> list of its aggregate"
                     : "for '" + name + "', which the command's boundary does not name");
}

Result<NewEvent> new_event(const Job& job, const DecidedEvent& decided, const EventSlot* slot,
                           std::string stream) {
  const EventType& type = decided.event().type();
  NewEvent event{
      .stream = std::move(stream),
      .type = std::string(type.name),
      .data = {},
      .schema_version = type.schema_version,
      .metadata = job.options.metadata,
      .tags = job.options.tags,
      .correlation_id = job.options.correlation_id,
      .causation_id = job.options.causation_id,
      .actor = job.options.actor,
      .traceparent = job.options.traceparent,
      .known_at = decided.known_at() ? decided.known_at() : job.options.known_at,
      .effective_at = decided.effective_at() ? decided.effective_at() : job.options.effective_at};
  event.data.reserve(usual_data_bytes);
  if (auto written = write_event(decided.event(), event.data); !written) {
    return fault(job, decided.event(), "which cannot be stored: " + written.error().message);
  }
  const auto add = [&event](std::vector<std::string> tags) {
    event.tags.insert(event.tags.end(), std::make_move_iterator(tags.begin()),
                      std::make_move_iterator(tags.end()));
  };
  add(decided.tags());
  try {
    if (type.tags != nullptr) add(type.tags(decided.event().data()));
    if (slot != nullptr && slot->tags != nullptr) add(slot->tags(decided.event().data()));
  } catch (const std::exception& thrown) {
    return fault(job, decided.event(), std::string("whose tags() threw: ") + thrown.what());
  } catch (...) {
    return fault(job, decided.event(), "whose tags() threw what is no std::exception");
  }
  std::sort(event.tags.begin(), event.tags.end());
  event.tags.erase(std::unique(event.tags.begin(), event.tags.end()), event.tags.end());
  return event;
}

ExpectedVersion expected(std::optional<StreamVersion> version) {
  return version ? ExpectedVersion::exactly(*version) : ExpectedVersion::no_stream();
}

}  // namespace

Result<AppendRequest> plan_append(Job& job, const Decision& decision) {
  const auto& aggregates = job.boundary.aggregates();
  AppendRequest request{.id = job.id, .digest = job.digest};
  request.checks.reserve(aggregates.size());
  for (std::size_t i = 0; i < aggregates.size(); ++i) {
    request.checks.push_back({aggregates[i].stream, expected(job.tickets[i].version)});
  }
  for (const Boundary::Selection& selection : job.boundary.queries()) {
    request.conditions.push_back({selection.query, job.cut});
  }

  job.event_parts.clear();
  request.events.reserve(decision.size());
  for (const DecidedEvent& decided : decision.events()) {
    std::string stream = decided.target().stream;
    std::size_t part = no_part;
    const EventSlot* slot = nullptr;
    const bool in_boundary =
        std::any_of(aggregates.begin(), aggregates.end(),
                    [&](const auto& aggregate) { return aggregate.stream == stream; });
    if (decided.target().blind && !in_boundary) {
      const bool checked = std::any_of(request.checks.begin(), request.checks.end(),
                                       [&](const auto& check) { return check.stream == stream; });
      if (!checked) request.checks.push_back({stream, ExpectedVersion::any()});
    } else {
      auto found = part_of(job, decided);
      if (!found) return std::move(found).error();
      part = *found;
      slot = aggregates[part].type->fold->find(decided.event().type());
      stream = aggregates[part].stream;
    }
    auto event = new_event(job, decided, slot, std::move(stream));
    if (!event) return std::move(event).error();
    request.events.push_back(*std::move(event));
    job.event_parts.push_back(part);
  }
  return request;
}

}  // namespace annals::internal
