#include "record_headers.hpp"

#include <array>
#include <charconv>

namespace annals::internal {

namespace {

class Writer {
 public:
  Writer() : headers_(rd_kafka_headers_new(20)) {}

  void add(std::string_view name, std::string_view value) {
    rd_kafka_header_add(headers_.get(), name.data(), static_cast<ssize_t>(name.size()),
                        value.empty() ? "" : value.data(), static_cast<ssize_t>(value.size()));
  }
  void add(std::string_view name, const std::optional<std::string_view>& value) {
    if (value) add(name, *value);
  }
  void add(std::string_view name, std::uint64_t value) {
    std::array<char, 20> digits;  // As many as the largest has.
    const auto [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    add(name, std::string_view(digits.data(), end));
  }
  KafkaHeaders take() { return std::move(headers_); }

 private:
  KafkaHeaders headers_;
};

// Of every record.
void add_place(Writer& to, const RecordSource& source, GlobalPosition position,
               GlobalPosition previous, const std::optional<Link>& link) {
  to.add("annals-store", std::string_view(source.store));
  to.add("annals-era", std::string_view(source.era));
  to.add("annals-position", position.value);
  to.add("annals-prev", previous.value);
  if (link) to.add("annals-link", std::string_view(to_string(*link)));
}

std::string joined(std::span<const std::string_view> tags) {
  std::string text;
  for (const std::string_view tag : tags) {
    if (!text.empty()) text += '\n';  // No tag holds one.
    text += tag;
  }
  return text;
}

}  // namespace

RecordSource::RecordSource(const Token& token)
    : store(to_string(token.store)),
      era(std::to_string(token.era.value)),
      source("/annals/" + store) {}

KafkaHeaders event_headers(const RecordSource& source, const RecordedEvent& event,
                           GlobalPosition previous, const std::optional<Link>& link) {
  Writer to;
  to.add("ce_specversion", std::string_view("1.0"));
  to.add("ce_id", std::string_view(to_string(event.id)));
  to.add("ce_source", std::string_view(source.source));
  to.add("ce_type", event.type);
  to.add("ce_subject", event.stream);
  const std::string recorded_at = to_string(event.recorded_at);
  const bool at_once = event.effective_at == event.recorded_at;  // The usual case.
  to.add("ce_time",
         at_once ? std::string_view(recorded_at) : std::string_view(to_string(event.effective_at)));
  to.add("ce_recordedtime", std::string_view(recorded_at));
  to.add("content-type", event.content_type == ContentType::json
                             ? std::string_view("application/json")
                             : std::string_view("application/octet-stream"));
  to.add("ce_correlationid", event.correlation_id);
  to.add("ce_causationid", event.causation_id);
  to.add("ce_traceparent", event.traceparent);
  to.add("traceparent", event.traceparent);
  add_place(to, source, event.position, previous, link);
  to.add("annals-stream", event.stream);
  to.add("annals-version", event.version.value);
  to.add("annals-schema", std::uint64_t{event.schema_version});
  to.add("annals-actor", event.actor);
  if (!event.tags.empty()) to.add("annals-tags", std::string_view(joined(event.tags)));
  if (!event.metadata.empty()) to.add("annals-metadata", event.metadata);
  if (event.given.known_at) {
    to.add("annals-known-at", std::string_view(to_string(event.known_at)));
  }
  if (event.given.id || event.given.effective_at) {
    to.add("annals-given", std::string_view(!event.given.effective_at ? "id"
                                            : event.given.id          ? "id effective_at"
                                                                      : "effective_at"));
  }
  if (event.origin) {
    to.add("annals-origin", std::string_view(to_string(event.origin->store) + "." +
                                             to_string(event.origin->position)));
  }
  return to.take();
}

KafkaHeaders watermark_headers(const RecordSource& source, std::uint32_t partition,
                               GlobalPosition position, GlobalPosition previous, const Link& link) {
  Writer to;
  to.add("ce_specversion", std::string_view("1.0"));
  to.add("ce_id", std::string_view("watermark-" + std::to_string(partition) + "-" +
                                   std::to_string(position.value)));
  to.add("ce_source", std::string_view(source.source));
  to.add("ce_type", std::string_view("annals.watermark"));
  add_place(to, source, position, previous, link);
  return to.take();
}

}  // namespace annals::internal
