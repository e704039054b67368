// Reads JSON into values by their tables.

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <limits>
#include <numeric>
#include <vector>

#include <annals/codec/json.hpp>
#include <annals/codec/value_type.hpp>
#include <annals/eventstore/assert.hpp>
#include <annals/eventstore/id.hpp>
#include <annals/eventstore/time.hpp>

#include "json_reader.hpp"
#include "money_text.hpp"
#include "time_text.hpp"

namespace annals::detail {

namespace {

// Bytes are copied because types of equal layout (long, long long) may not be aliased.
template <typename T>
bool store_integer(JsonReader& reader, const JsonReader::Integer& integer, void* value) {
  constexpr auto highest = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  // One further down than up for signed types; only -0 for unsigned ones.
  constexpr std::uint64_t lowest = std::numeric_limits<T>::is_signed ? highest + 1 : 0;
  if (!integer.fits || integer.magnitude > (integer.negative ? lowest : highest)) {
    return reader.fail("integer " + excerpt(integer.text) + " does not fit (" +
                       std::to_string(std::numeric_limits<T>::min()) + " to " +
                       std::to_string(std::numeric_limits<T>::max()) + ")");
  }
  const auto number = static_cast<T>(integer.negative ? 0 - integer.magnitude : integer.magnitude);
  std::memcpy(value, &number, sizeof number);
  return true;
}

bool store_integer(JsonReader& reader, ValueKind kind, const JsonReader::Integer& integer,
                   void* value) {
  switch (kind) {
    case ValueKind::int8: return store_integer<std::int8_t>(reader, integer, value);
    case ValueKind::int16: return store_integer<std::int16_t>(reader, integer, value);
    case ValueKind::int32: return store_integer<std::int32_t>(reader, integer, value);
    case ValueKind::int64: return store_integer<std::int64_t>(reader, integer, value);
    case ValueKind::uint8: return store_integer<std::uint8_t>(reader, integer, value);
    case ValueKind::uint16: return store_integer<std::uint16_t>(reader, integer, value);
    case ValueKind::uint32: return store_integer<std::uint32_t>(reader, integer, value);
    default: return store_integer<std::uint64_t>(reader, integer, value);
  }
}

void store_enumerator(const EnumShape& shape, std::int64_t number, void* value) noexcept {
  const auto put = [value](auto narrow) { std::memcpy(value, &narrow, sizeof narrow); };
  switch (shape.size) {
    case 1: put(static_cast<std::int8_t>(number)); break;
    case 2: put(static_cast<std::int16_t>(number)); break;
    case 4: put(static_cast<std::int32_t>(number)); break;
    default: put(number); break;
  }
}

std::string expected_names(const EnumShape& shape) {
  std::string text = shape.count == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < shape.count; ++i) {
    if (i > 0) text += ", ";
    text += shape.enumerators[i].name;
  }
  return text;
}

constexpr std::string_view expected_string = "a string";
constexpr std::string_view expected_time = "a UTC time such as 2024-02-29T12:34:56.000001Z";
constexpr std::string_view expected_date = "a date such as 2024-02-29";
constexpr std::string_view expected_money = "an amount such as \"123.45 EUR\"";
constexpr std::string_view expected_id = "an id such as \"018f6f2e-7b1c-7d55-9c3a-0d6f2a1b4c8e\"";

std::string expectation(const ValueType& type) {
  switch (type.kind) {
    case ValueKind::timestamp: return std::string(expected_time);
    case ValueKind::date: return std::string(expected_date);
    case ValueKind::money: return std::string(expected_money);
    case ValueKind::id: return std::string(expected_id);
    case ValueKind::text: return std::string(type.shape_as<TextShape>().expected);
    case ValueKind::enumeration: return expected_names(type.shape_as<EnumShape>());
    default: return std::string(expected_string);
  }
}

bool parse_user_text(JsonReader& reader, const TextShape& shape, std::string_view text,
                     void* value) {
  std::string reason;
  try {
    if (shape.parse(text, value)) return true;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "an exception that is not a std::exception";
  }
  return reader.mismatch(shape.expected, text, reason);
}

// Reads the text of a value that is stored as a string.
bool parse_text(JsonReader& reader, const ValueType& type, std::string_view text, void* value) {
  switch (type.kind) {
    case ValueKind::string: static_cast<std::string*>(value)->assign(text); return true;
    case ValueKind::timestamp: {
      const auto time = parse_timestamp(text);
      if (!time) return reader.mismatch(expected_time, text);
      *static_cast<Timestamp*>(value) = *time;
      return true;
    }
    case ValueKind::date:
      return parse_date(text, *static_cast<std::chrono::year_month_day*>(value)) ||
             reader.mismatch(expected_date, text);
    case ValueKind::money: {
      const MoneyFault fault = parse_money(text, *static_cast<Money*>(value));
      return fault == MoneyFault::none ||
             reader.mismatch(expected_money, text, describe_fault(fault, text));
    }
    case ValueKind::id: {
      const auto bytes = parse_id(text);
      if (!bytes) return reader.mismatch(expected_id, text);
      std::memcpy(value, bytes->data(), bytes->size());
      return true;
    }
    case ValueKind::enumeration: {
      const auto& shape = type.shape_as<EnumShape>();
      for (std::size_t i = 0; i < shape.count; ++i) {
        if (shape.enumerators[i].name == text) {
          store_enumerator(shape, shape.enumerators[i].value, value);
          return true;
        }
      }
      return reader.mismatch(expected_names(shape), text);
    }
    case ValueKind::text: return parse_user_text(reader, type.shape_as<TextShape>(), text, value);
    default: break;
  }
  ANNALS_ASSERT(false, "a kind that is not stored as a string");
  return false;
}

bool read_text(JsonReader& reader, const ValueType& type, void* value) {
  std::string_view text;
  if (reader.next() != JsonReader::Token::string) return reader.mismatch(expectation(type));
  return reader.read_string(text, {}) && parse_text(reader, type, text, value);
}

// Edits needed to turn one name into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

bool refuse_unknown(JsonReader& reader, const StructTable& table, std::string_view key) {
  std::string why = "is not a field of this type";
  std::string_view nearest;
  std::size_t least = std::min<std::size_t>(2, key.size() / 2) + 1;
  if (key.size() <= 255) {
    for (std::size_t i = 0; i < table.count; ++i) {
      const std::size_t edits = distance(key, table.fields[i].name);
      if (edits < least) {
        least = edits;
        nearest = table.fields[i].name;
      }
    }
  }
  if (!nearest.empty()) why += " (did you mean '" + std::string(nearest) + "'?)";
  reader.fail(std::move(why));
  reader.inside_field(key);
  return false;
}

bool read_struct(JsonReader& reader, const StructTable& table, void* object) {
  if (!reader.enter('{', "an object")) return false;
  std::uint64_t seen = 0;
  std::size_t next = 0;  // Fields mostly come in the order of the list.
  if (!reader.leave_if_empty('}')) {
    for (bool another = true; another;) {
      reader.skip_space();
      std::size_t i = next;
      if (i == table.count || !reader.take_text(table.fields[i].key)) {
        std::string_view key;
        if (!reader.read_key(key)) return false;
        for (i = 0; i < table.count && table.fields[i].name != key; ++i) {
        }
        if (i == table.count) {
          if (reader.unknown_fields() == UnknownFields::refuse) {
            return refuse_unknown(reader, table, key);
          }
          const std::string_view raw_key = reader.raw_key();
          if (!reader.skip_value()) {
            reader.inside_field(raw_key);
            return false;
          }
          if (!reader.more('}', another)) return false;
          continue;
        }
      }
      const FieldEntry& field = table.fields[i];
      const std::uint64_t bit = std::uint64_t{1} << i;
      const bool read = (seen & bit) != 0 ? reader.fail("is given twice")
                                          : read_typed(reader, field.type, field.get(object));
      if (!read) {
        reader.inside_field(field.name);
        return false;
      }
      seen |= bit;
      next = i + 1;
      if (!reader.more('}', another)) return false;
    }
  }
  for (std::size_t i = 0; i < table.count; ++i) {
    if ((seen >> i & 1) != 0) continue;
    const FieldEntry& field = table.fields[i];
    if (field.type.kind != ValueKind::optional) {
      reader.fail("is missing");
      reader.inside_field(field.name);
      return false;
    }
    field.type.shape_as<OptionalShape>().reset(field.get(object));
  }
  return true;
}

class ListReader final : public ElementReader {
 public:
  ListReader(JsonReader& reader, const ValueType& type) : reader_(reader), type_(type) {}
  bool read_key(void* /*key*/) override { return false; }
  bool read_value(void* value) override { return read_typed(reader_, type_, value); }

 private:
  JsonReader& reader_;
  const ValueType& type_;
};

bool read_list(JsonReader& reader, const ListShape& shape, void* list) {
  if (!reader.enter('[', "an array")) return false;
  shape.clear(list);
  if (reader.leave_if_empty(']')) return true;
  ListReader elements(reader, *shape.element);
  std::size_t index = 0;
  for (bool another = true; another; ++index) {
    const Added added = shape.add(list, elements);
    if (added == Added::duplicate) reader.fail("is there twice");
    if (added != Added::added) {
      reader.inside_index(index);
      return false;
    }
    if (!reader.more(']', another)) return false;
  }
  return true;
}

bool read_array(JsonReader& reader, const ArrayShape& shape, void* array) {
  if (!reader.enter('[', "an array")) return false;
  std::size_t index = 0;
  if (!reader.leave_if_empty(']')) {
    for (bool another = true; another; ++index) {
      if (index == shape.count) {
        return reader.fail("expected an array of " + std::to_string(shape.count) + ", got more");
      }
      if (!read_typed(reader, *shape.element, static_cast<char*>(array) + index * shape.stride)) {
        reader.inside_index(index);
        return false;
      }
      if (!reader.more(']', another)) return false;
    }
  }
  return index == shape.count || reader.fail("expected an array of " + std::to_string(shape.count) +
                                             ", got " + std::to_string(index));
}

// A whole number as to_string writes it, so that one number is one key.
bool parse_key_integer(JsonReader& reader, ValueKind kind, std::string_view text, void* key) {
  JsonReader number(text, UnknownFields::refuse);
  JsonReader::Integer integer;
  const bool canonical = !text.empty() && text.front() != ' ' && number.read_integer(integer) &&
                         integer.text.size() == text.size() && text != "-0";
  if (!canonical) return reader.mismatch("a key that is an integer", text);
  return store_integer(reader, kind, integer, key);
}

class MapReader final : public ElementReader {
 public:
  MapReader(JsonReader& reader, const MapShape& shape) : reader_(reader), shape_(shape) {}

  bool read_key(void* key) override {
    raw_key_ = {};
    std::string_view text;
    if (!reader_.read_key(text)) return false;
    raw_key_ = reader_.raw_key();
    if (shape_.key->kind >= ValueKind::int8 && shape_.key->kind <= ValueKind::uint64) {
      return parse_key_integer(reader_, shape_.key->kind, text, key);
    }
    return parse_text(reader_, *shape_.key, text, key);
  }
  bool read_value(void* value) override { return read_typed(reader_, *shape_.value, value); }

  std::string_view raw_key() const noexcept { return raw_key_; }

 private:
  JsonReader& reader_;
  const MapShape& shape_;
  std::string_view raw_key_;
};

bool read_map(JsonReader& reader, const MapShape& shape, void* map) {
  if (!reader.enter('{', "an object")) return false;
  shape.clear(map);
  if (reader.leave_if_empty('}')) return true;
  MapReader entries(reader, shape);
  for (bool another = true; another;) {
    const Added added = shape.add(map, entries);
    if (added == Added::duplicate) reader.fail("is given twice");
    if (added != Added::added) {
      reader.inside_field(entries.raw_key());
      return false;
    }
    if (!reader.more('}', another)) return false;
  }
  return true;
}

bool read_optional(JsonReader& reader, const OptionalShape& shape, void* optional) {
  if (reader.take_null()) {
    shape.reset(optional);
    return true;
  }
  return read_typed(reader, *shape.value, shape.engage(optional));
}

}  // namespace

bool read_typed(JsonReader& reader, const ValueType& type, void* value) {
  switch (type.kind) {
    case ValueKind::boolean: return reader.read_boolean(*static_cast<bool*>(value));
    case ValueKind::int8:
    case ValueKind::int16:
    case ValueKind::int32:
    case ValueKind::int64:
    case ValueKind::uint8:
    case ValueKind::uint16:
    case ValueKind::uint32:
    case ValueKind::uint64: {
      JsonReader::Integer integer;
      return reader.read_integer(integer) && store_integer(reader, type.kind, integer, value);
    }
    case ValueKind::float64: return reader.read_double(*static_cast<double*>(value));
    case ValueKind::string: {
      std::string_view text;
      if (!reader.read_string(text, expected_string)) return false;
      static_cast<std::string*>(value)->assign(text);
      return true;
    }
    case ValueKind::timestamp:
    case ValueKind::date:
    case ValueKind::money:
    case ValueKind::id:
    case ValueKind::text:
    case ValueKind::enumeration: return read_text(reader, type, value);
    case ValueKind::optional: return read_optional(reader, type.shape_as<OptionalShape>(), value);
    case ValueKind::list: return read_list(reader, type.shape_as<ListShape>(), value);
    case ValueKind::array: return read_array(reader, type.shape_as<ArrayShape>(), value);
    case ValueKind::map: return read_map(reader, type.shape_as<MapShape>(), value);
    case ValueKind::structure: return read_struct(reader, type.shape_as<StructTable>(), value);
    case ValueKind::json: return type.shape_as<JsonShape>().read(reader, value);
  }
  ANNALS_ASSERT(false, "a value of no kind");
  return false;
}

Result<void> read_value(std::string_view text, const ValueType& type, void* value,
                        std::string_view label, UnknownFields unknown) {
  JsonReader reader(text, unknown);
  if (read_typed(reader, type, value) && reader.finish()) return {};
  return reader.take_error(label);
}

}  // namespace annals::detail
