#include "record_reader.hpp"

#include "event_content.hpp"
#include "log_format.hpp"
#include "sha256.hpp"

namespace annals::internal {
namespace {

using format::Field;

Error corrupt(std::string what) { return {ErrorCode::corrupt, std::move(what)}; }

std::optional<std::uint64_t> integer(std::span<const std::byte> value) {
  if (value.size() > 8) return std::nullopt;
  std::uint64_t number = 0;
  std::memcpy(&number, value.data(), value.size());
  return number;
}

std::optional<Timestamp> time(std::span<const std::byte> value) {
  if (value.size() != 8) return std::nullopt;
  return Timestamp(std::chrono::microseconds(load<std::int64_t>(value.data())));
}

/// Puts one field into `record`; false if its value cannot be of this field.
bool take_field(Field tag, std::span<const std::byte> value, RecordView& record,
                std::vector<std::string_view>& tags) {
  const std::string_view text = text_of(value);
  switch (tag) {
    case Field::stream: record.stream = text; return !text.empty();
    case Field::type: record.type = text; return !text.empty();
    case Field::data: record.data = text; return true;
    case Field::metadata: record.metadata = text; return true;
    case Field::correlation_id: record.correlation_id = text; return true;
    case Field::causation_id: record.causation_id = text; return true;
    case Field::actor: record.actor = text; return true;
    case Field::traceparent: record.traceparent = text; return true;
    case Field::tag:
      tags.push_back(text);
      ++record.tag_count;
      return true;
    case Field::version: {
      const auto number = integer(value);
      if (number) record.version = {*number};
      return number.has_value();
    }
    case Field::schema_version: {
      const auto number = integer(value);
      if (number) record.schema_version = static_cast<std::uint32_t>(*number);
      return number && *number <= 0xFFFFFFFFU;
    }
    case Field::content_type: {
      const auto number = integer(value);
      if (!number || *number > 1) return false;
      record.content_type = static_cast<ContentType>(*number);
      return true;
    }
    case Field::id: {
      if (value.size() != 16) return false;
      record.id.emplace();
      std::memcpy(record.id->bytes.data(), value.data(), 16);
      return true;
    }
    case Field::known_at: record.known_at = time(value); return record.known_at.has_value();
    case Field::effective_at:
      record.effective_at = time(value);
      return record.effective_at.has_value();
    case Field::origin_store: {
      if (value.size() != 16) return false;
      record.origin_store.emplace();
      std::memcpy(record.origin_store->bytes.data(), value.data(), 16);
      return true;
    }
    case Field::origin_position: {
      const auto number = integer(value);
      if (number) record.origin_position = GlobalPosition{*number};
      return number.has_value();
    }
    case Field::key_id:
    case Field::nonce:
    case Field::origin_vector: return true;
  }
  return true;
}

bool known(std::uint8_t tag) noexcept {
  const auto field = static_cast<Field>(tag);
  return (field >= Field::stream && field <= Field::traceparent) || field == Field::origin_store ||
         field == Field::origin_position;
}

}  // namespace

Result<RecordView> read_record(std::span<const std::byte> bytes, std::optional<std::uint32_t> seed,
                               std::vector<std::string_view>& tags) {
  if (bytes.size() < format::record_header_bytes) return corrupt("a record ends in its header");
  RecordView record;
  record.bytes = load<std::uint32_t>(bytes.data());
  if (record.bytes < format::record_header_bytes || record.bytes > bytes.size()) {
    return corrupt("a record of " + std::to_string(record.bytes) +
                   " bytes does not fit its append");
  }
  bytes = bytes.first(record.bytes);
  if (seed && crc32c(*seed, bytes.subspan(8)) != load<std::uint32_t>(bytes.data() + 4)) {
    return corrupt("a record's checksum is wrong");
  }
  record.back = load<std::uint32_t>(bytes.data() + 8);
  const auto kind = std::to_integer<std::uint8_t>(bytes[12]);
  const auto flags = std::to_integer<std::uint8_t>(bytes[13]);
  record.index = load<std::uint16_t>(bytes.data() + 14);
  record.first_tag = tags.size();
  record.kind = kind;
  record.fields = bytes.subspan(format::record_header_bytes);
  record.event = kind == static_cast<std::uint8_t>(format::Kind::event);
  if (!record.event && (flags & format::record_must_understand) != 0) {
    return Error{ErrorCode::unsupported,
                 "a record of kind " + std::to_string(kind) + " needs a newer annals"};
  }

  std::size_t at = format::record_header_bytes;
  while (at < bytes.size()) {
    if (bytes.size() - at < 2) return corrupt("a record ends in a field's header");
    const auto tag = std::to_integer<std::uint8_t>(bytes[at]);
    std::size_t length = std::to_integer<std::uint8_t>(bytes[at + 1]);
    at += 2;
    if (length == 254) {
      if (bytes.size() - at < 2) return corrupt("a record ends in a field's length");
      length = load<std::uint16_t>(bytes.data() + at);
      at += 2;
    } else if (length == 255) {
      if (bytes.size() - at < 4) return corrupt("a record ends in a field's length");
      length = load<std::uint32_t>(bytes.data() + at);
      at += 4;
    }
    if (length > bytes.size() - at) return corrupt("a record ends in a field");
    if (known(tag)) {
      if (!take_field(static_cast<Field>(tag), bytes.subspan(at, length), record, tags)) {
        return corrupt("field " + std::to_string(tag) + " of a record has an impossible value");
      }
    } else if ((tag & format::must_understand) != 0) {
      return Error{ErrorCode::unsupported,
                   "field " + std::to_string(tag) + " of a record needs a newer annals"};
    }
    at += length;
  }
  if (record.event && (record.stream.empty() || record.type.empty())) {
    return corrupt("an event without stream or type");
  }
  return record;
}

Digest content_hash(const RecordView& record, std::span<const std::string_view> tags) {
  if (!record.event) {
    Sha256 hash;
    hash.add("annals-record-1");
    hash.add(&record.kind, 1);
    hash.add(record.fields.data(), record.fields.size());
    return hash.finish();
  }
  return content_hash(EventContent{.stream = record.stream,
                                   .type = record.type,
                                   .schema_version = record.schema_version,
                                   .content_type = record.content_type,
                                   .id = record.id,
                                   .metadata = record.metadata,
                                   .correlation_id = record.correlation_id,
                                   .causation_id = record.causation_id,
                                   .actor = record.actor,
                                   .traceparent = record.traceparent,
                                   .known_at = record.known_at,
                                   .effective_at = record.effective_at,
                                   .tags = tags,
                                   .data = record.data});
}

}  // namespace annals::internal
