/// @file
/// The parameters of a statement: texts, bytes, and arrays of both.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace annals::postgres {

/// An array of one of PostgreSQL's types, built element by element and sent as the server keeps it:
/// nothing is quoted, and bytes stay bytes. Its parameter is written with the type: `$3::bytea[]`.
class ArrayParameter {
 public:
  enum class Type : std::uint32_t {  ///< The types' numbers, which never change.
    boolean = 16,
    bytes = 17,
    bigint = 20,
    smallint = 21,
    integer = 23,
    text = 25,
    float8 = 701,
    date = 1082,         ///< Days since 2000-01-01.
    timestamptz = 1184,  ///< Microseconds since 2000-01-01 00:00 UTC.
    uuid = 2950,
  };

  explicit ArrayParameter(Type type) : type_(type) {}

  void reserve(std::size_t elements, std::size_t bytes_each);
  void add_null();
  /// Of text, bytes and uuid (16 bytes).
  void add_bytes(std::string_view bytes);
  void add_bytes(std::span<const std::uint8_t> bytes);
  /// Of bigint, integer, smallint, date, timestamptz and boolean (0 and 1); what does not fit is
  /// cut off.
  void add_integer(std::int64_t value);
  void add_double(double value);
  /// Null if there is none.
  void add_bytes_or_null(const std::optional<std::string>& bytes);
  void add_integer_or_null(const std::optional<std::int64_t>& value);

  Type type() const noexcept { return type_; }
  std::size_t size() const noexcept { return count_; }
  bool all_null() const noexcept { return nulls_ == count_; }
  std::size_t bytes() const noexcept { return elements_.size(); }
  void clear() noexcept;

  /// The whole array in PostgreSQL's binary form. An empty array has no dimension.
  std::string encoded() const;

 private:
  Type type_;
  std::size_t count_ = 0;
  std::size_t nulls_ = 0;
  std::string elements_;
};

/// What `$1`, `$2`, … stand for, in the order of the calls. Texts and numbers come first, then what
/// is sent as bytes: libpqxx has no way to mix them.
class Parameters {
 public:
  Parameters() = default;

  // REQUIRES: nothing has been added as bytes yet.
  Parameters& text(std::string_view value);
  Parameters& integer(std::int64_t value);
  Parameters& real(double value);
  Parameters& boolean(bool value);
  Parameters& null();
  /// Null if there is none.
  Parameters& text_or_null(const std::optional<std::string>& value);
  Parameters& integer_or_null(const std::optional<std::int64_t>& value);

  /// A `bytea`: `$4::bytea`.
  Parameters& bytes(std::string_view value);
  /// A `uuid` of 16 bytes.
  Parameters& bytes(std::span<const std::uint8_t> value);
  Parameters& array(const ArrayParameter& value);

  const std::vector<std::optional<std::string>>& texts() const noexcept { return texts_; }
  const std::vector<std::string>& binaries() const noexcept { return binaries_; }
  std::size_t size() const noexcept { return texts_.size() + binaries_.size(); }

 private:
  std::vector<std::optional<std::string>> texts_;
  std::vector<std::string> binaries_;
};

}  // namespace annals::postgres
