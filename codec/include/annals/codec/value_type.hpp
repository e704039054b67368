/// @file
/// What the compiled reader and writer know about a type: data and a few functions, no templates.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <annals/codec/describe.hpp>

namespace annals {

namespace detail {
class JsonReader;
class JsonWriter;
}  // namespace detail

/// How a value is laid out in memory and in JSON. Comments name the shape that comes with it.
enum class ValueKind : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float64,
  string,
  timestamp,    ///< Timestamp, as "2024-02-29T12:34:56.000001Z"
  date,         ///< std::chrono::year_month_day, as "2024-02-29"
  money,        ///< Money, as "123.45 EUR"
  id,           ///< Id<Tag>, as a UUID
  text,         ///< TextShape: a user's type, as a string
  enumeration,  ///< EnumShape: by name
  optional,     ///< OptionalShape: absent or null when empty
  list,         ///< ListShape: std::vector, std::set
  array,        ///< ArrayShape: std::array
  map,          ///< MapShape: std::map, as an object
  structure,    ///< StructTable: as an object
  json,         ///< JsonShape: any JSON
};

/// The type of a value; `shape` points to the static description that `kind` calls for.
struct ValueType {
  ValueKind kind = ValueKind::boolean;
  const void* shape = nullptr;

  /// The description, of the type that `kind` calls for.
  template <typename Shape>
  const Shape& shape_as() const noexcept {
    return *static_cast<const Shape*>(shape);
  }
};

/// A user's type that is stored as a string (StoredText).
struct TextShape {
  std::string_view expected;  ///< "an IBAN such as …"
  bool (*parse)(std::string_view text, void* value);
  std::string (*format)(const void* value);
};

struct EnumShape {
  const detail::Enumerator* enumerators;
  std::size_t count;
  std::size_t size;  ///< Bytes of the underlying type.
};

struct OptionalShape {
  const ValueType* value;
  const void* (*get)(const void* optional);  ///< nullptr when empty.
  void* (*engage)(void* optional);           ///< Makes it full if it is empty.
  void (*reset)(void* optional);
};

/// What adding to a container came to.
enum class Added : std::uint8_t { added, failed, duplicate };

/// Reads one value of a container into place; false when the text is wrong.
class ElementReader {
 public:
  virtual bool read_key(void* key) = 0;
  virtual bool read_value(void* value) = 0;

 protected:
  ~ElementReader() = default;
};

/// Is shown each value of a container in order, with its key in a map; false stops.
class ElementVisitor {
 public:
  virtual bool visit(const void* key, const void* value) = 0;

 protected:
  ~ElementVisitor() = default;
};

struct ListShape {
  const ValueType* element;
  void (*clear)(void* list);
  Added (*add)(void* list, ElementReader& reader);
  bool (*each)(const void* list, ElementVisitor& visitor);
};

struct ArrayShape {
  const ValueType* element;
  std::size_t count;
  std::size_t stride;  ///< Bytes from one element to the next.
};

struct MapShape {
  const ValueType* key;  ///< Of a kind that is written as a string, or an integer.
  const ValueType* value;
  void (*clear)(void* map);
  Added (*add)(void* map, ElementReader& reader);
  bool (*each)(const void* map, ElementVisitor& visitor);
};

struct JsonShape {
  bool (*read)(detail::JsonReader& reader, void* value);
  bool (*write)(detail::JsonWriter& writer, const void* value);
};

/// One field of a described struct.
struct FieldEntry {
  std::string_view name;
  std::string_view key;  ///< As it stands in text: `"amount":`.
  void* (*get)(void* object) = nullptr;
  ValueType type;
};

/// A described struct.
struct StructTable {
  std::string_view name;  ///< Stored name of an event or command, else the C++ name: for messages.
  const FieldEntry* fields = nullptr;
  std::size_t count = 0;  ///< At most 64.
};

}  // namespace annals
