#include "column_form.hpp"

#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include <annals/eventstore/time.hpp>

namespace annals::internal {

namespace {

using postgres::ArrayParameter;

// Both of PostgreSQL's clocks begin here.
constexpr auto epoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

// The numbers of built-in types, which never change.
constexpr std::uint32_t oid_bool = 16;
constexpr std::uint32_t oid_int8 = 20;
constexpr std::uint32_t oid_int2 = 21;
constexpr std::uint32_t oid_int4 = 23;
constexpr std::uint32_t oid_oid = 26;
constexpr std::uint32_t oid_float4 = 700;
constexpr std::uint32_t oid_float8 = 701;
constexpr std::uint32_t oid_date = 1082;
constexpr std::uint32_t oid_timestamp = 1114;
constexpr std::uint32_t oid_timestamptz = 1184;
constexpr std::uint32_t oid_numeric = 1700;

// jsonb keeps numbers as decimals, so a double's negative zero would lose its sign; and it sorts
// the members of what is any JSON.
bool jsonb_keeps(const ValueType& type) {
  switch (type.kind) {
    case ValueKind::float64:
    case ValueKind::json: return false;
    case ValueKind::optional: return jsonb_keeps(*type.shape_as<OptionalShape>().value);
    case ValueKind::list: return jsonb_keeps(*type.shape_as<ListShape>().element);
    case ValueKind::array: return jsonb_keeps(*type.shape_as<ArrayShape>().element);
    case ValueKind::map: return jsonb_keeps(*type.shape_as<MapShape>().value);
    case ValueKind::structure: {
      const auto& table = type.shape_as<StructTable>();
      for (std::size_t i = 0; i < table.count; ++i) {
        if (!jsonb_keeps(table.fields[i].type)) return false;
      }
      return true;
    }
    default: return true;
  }
}

// A NUL as JSON writes it; of an even number of backslashes each stands for itself.
bool holds_escaped_nul(std::string_view json) {
  constexpr std::string_view nul = "u0000";
  for (std::size_t at = 0; (at = json.find('\\', at)) != json.npos; at += 2) {
    if (json.substr(at + 1, nul.size()) == nul) return true;
  }
  return false;
}

// "2024-02-29 12:34:56.5+00" as "2024-02-29T12:34:56.500000Z"; the year before 1 is "0001-… BC".
std::string iso_time(std::string_view text) {
  const bool bc = text.ends_with(" BC");
  if (bc) text.remove_suffix(3);
  std::string time(text.substr(0, text.find('+')));
  const std::size_t blank = time.find(' ');
  if (blank == std::string::npos) return std::string(text);  // infinity
  time[blank] = 'T';
  const std::size_t point = time.find('.');
  const std::size_t digits = point == std::string::npos ? 0 : time.size() - point - 1;
  if (digits == 0) time += '.';
  time.append(digits < 6 ? 6 - digits : 0, '0');
  if (bc && time.starts_with("0001")) time[3] = '0';
  return time + 'Z';
}

std::string iso_date(std::string_view text) {
  std::string date(text);
  if (!date.ends_with(" BC")) return date;
  date.resize(date.size() - 3);
  if (date.starts_with("0001")) date[3] = '0';
  return date;
}

Cell numeric_cell(std::string_view text) {
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), end, whole);
      read.ec == std::errc() && read.ptr == end) {
    return whole;
  }
  double real = 0;
  std::from_chars(text.data(), end, real);
  return real;
}

template <typename T>
T load(const void* value) noexcept {
  T result;
  std::memcpy(&result, value, sizeof result);
  return result;
}

void add_uuid(std::string_view text, ArrayParameter& values) {
  std::string bytes;
  unsigned half = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const unsigned bits = static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    half = half << 4U | bits;
    if (++digits % 2 == 0) bytes += static_cast<char>(half & 0xFFU);
  }
  values.add_bytes(bytes);
}

// `type` is of no optional.
void add_time_or_date(const ValueType& type, const void* value, ArrayParameter& values) {
  if (type.kind == ValueKind::timestamp) {
    const auto time = load<Timestamp>(value);
    values.add_integer(std::chrono::duration_cast<std::chrono::microseconds>(time - epoch).count());
  } else {
    const std::chrono::sys_days day = load<std::chrono::year_month_day>(value);
    values.add_integer((day - epoch).count());
  }
}

}  // namespace

ColumnForm column_form(const ValueType& type, bool sorted) {
  switch (type.kind) {
    case ValueKind::optional: return column_form(*type.shape_as<OptionalShape>().value, sorted);
    case ValueKind::boolean: return ColumnForm::boolean;
    case ValueKind::float64: return ColumnForm::real;
    case ValueKind::timestamp: return ColumnForm::timestamp;
    case ValueKind::date: return ColumnForm::date;
    case ValueKind::id: return ColumnForm::uuid;
    case ValueKind::string:
    case ValueKind::money:
    case ValueKind::text:
    case ValueKind::enumeration: return ColumnForm::text;
    default: break;
  }
  if (column_type(type).kind == CellKind::integer) return ColumnForm::bigint;
  return !sorted && jsonb_keeps(type) ? ColumnForm::jsonb : ColumnForm::text;
}

std::string_view declared_type(ColumnForm form) {
  switch (form) {
    case ColumnForm::boolean: return "boolean";
    case ColumnForm::bigint: return "bigint";
    case ColumnForm::real: return "double precision";
    // By bytes: the same order in every database, whatever its locale and the C library's version.
    case ColumnForm::text: return "text COLLATE \"C\"";
    case ColumnForm::uuid: return "uuid";
    case ColumnForm::timestamp: return "timestamptz";
    case ColumnForm::date: return "date";
    case ColumnForm::jsonb: break;
  }
  return "jsonb";
}

std::string_view element_type(ColumnForm form) {
  switch (form) {
    case ColumnForm::text:
    case ColumnForm::jsonb: return "text";
    default: return declared_type(form);
  }
}

ArrayParameter::Type array_type(ColumnForm form) {
  switch (form) {
    case ColumnForm::boolean: return ArrayParameter::Type::boolean;
    case ColumnForm::bigint: return ArrayParameter::Type::bigint;
    case ColumnForm::real: return ArrayParameter::Type::float8;
    case ColumnForm::uuid: return ArrayParameter::Type::uuid;
    case ColumnForm::timestamp: return ArrayParameter::Type::timestamptz;
    case ColumnForm::date: return ArrayParameter::Type::date;
    case ColumnForm::text:
    case ColumnForm::jsonb: break;
  }
  return ArrayParameter::Type::text;
}

Result<void> add_value(const ValueType& type, const void* value, ColumnForm form,
                       ArrayParameter& values) {
  Cell cell;
  if (auto written = write_cell(type, value, cell); !written) return written;
  if (std::holds_alternative<std::monostate>(cell)) {
    values.add_null();
    return {};
  }
  const ValueType* inside = &type;
  while (inside->kind == ValueKind::optional) {
    const auto& optional = inside->shape_as<OptionalShape>();
    value = optional.get(value);
    inside = optional.value;
  }
  switch (form) {
    case ColumnForm::boolean:
    case ColumnForm::bigint: values.add_integer(std::get<std::int64_t>(cell)); return {};
    case ColumnForm::real: values.add_double(std::get<double>(cell)); return {};
    case ColumnForm::timestamp:
    case ColumnForm::date: add_time_or_date(*inside, value, values); return {};
    case ColumnForm::uuid: add_uuid(std::get<std::string>(cell), values); return {};
    case ColumnForm::text:
    case ColumnForm::jsonb: break;
  }
  const auto& text = std::get<std::string>(cell);
  if (text.find('\0') != std::string::npos ||
      (form == ColumnForm::jsonb && holds_escaped_nul(text))) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "a text with a NUL character, which PostgreSQL cannot hold"};
  }
  values.add_bytes(text);
  return {};
}

Cell read_value(const postgres::Rows& rows, std::size_t row, std::size_t column) {
  if (rows.is_null(row, column)) return {};
  switch (rows.type(column)) {
    case oid_bool: return std::int64_t{rows.boolean(row, column) ? 1 : 0};
    case oid_int2:
    case oid_int4:
    case oid_int8:
    case oid_oid: return rows.integer(row, column);
    case oid_float4:
    case oid_float8: return rows.real(row, column);
    case oid_numeric: return numeric_cell(rows.text(row, column));
    case oid_timestamp:
    case oid_timestamptz: return iso_time(rows.text(row, column));
    case oid_date: return iso_date(rows.text(row, column));
    default: return std::string(rows.text(row, column));
  }
}

}  // namespace annals::internal
