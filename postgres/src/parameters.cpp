#include <bit>
#include <charconv>

#include <annals/eventstore/assert.hpp>
#include <annals/postgres/parameters.hpp>

namespace annals::postgres {

namespace {

// PostgreSQL's binary form is big-endian throughout.
void put_big_endian(std::string& into, std::uint64_t value, int bytes) {
  char digits[8];
  for (int i = bytes - 1; i >= 0; --i) {
    digits[i] = static_cast<char>(value & 0xFFU);
    value >>= 8U;
  }
  into.append(digits, static_cast<std::size_t>(bytes));
}

int width_of(ArrayParameter::Type type) {
  switch (type) {
    case ArrayParameter::Type::boolean: return 1;
    case ArrayParameter::Type::smallint: return 2;
    case ArrayParameter::Type::date:
    case ArrayParameter::Type::integer: return 4;
    default: return 8;
  }
}

}  // namespace

void ArrayParameter::reserve(std::size_t elements, std::size_t bytes_each) {
  elements_.reserve(elements * (4 + bytes_each));
}

void ArrayParameter::add_null() {
  put_big_endian(elements_, 0xFFFFFFFFU, 4);
  ++nulls_;
  ++count_;
}

void ArrayParameter::add_bytes(std::string_view bytes) {
  put_big_endian(elements_, bytes.size(), 4);
  elements_ += bytes;
  ++count_;
}

void ArrayParameter::add_bytes(std::span<const std::uint8_t> bytes) {
  add_bytes(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void ArrayParameter::add_integer(std::int64_t value) {
  const int width = width_of(type_);
  put_big_endian(elements_, static_cast<std::uint64_t>(width), 4);
  put_big_endian(elements_, static_cast<std::uint64_t>(value), width);
  ++count_;
}

void ArrayParameter::add_double(double value) {
  put_big_endian(elements_, 8, 4);
  put_big_endian(elements_, std::bit_cast<std::uint64_t>(value), 8);
  ++count_;
}

void ArrayParameter::add_bytes_or_null(const std::optional<std::string>& bytes) {
  if (bytes) {
    add_bytes(*bytes);
  } else {
    add_null();
  }
}

void ArrayParameter::add_integer_or_null(const std::optional<std::int64_t>& value) {
  if (value) {
    add_integer(*value);
  } else {
    add_null();
  }
}

void ArrayParameter::clear() noexcept {
  count_ = 0;
  nulls_ = 0;
  elements_.clear();
}

std::string ArrayParameter::encoded() const {
  std::string all;
  all.reserve(elements_.size() + 20);
  put_big_endian(all, count_ == 0 ? 0 : 1, 4);  // Dimensions.
  put_big_endian(all, nulls_ > 0 ? 1 : 0, 4);
  put_big_endian(all, static_cast<std::uint32_t>(type_), 4);
  if (count_ == 0) return all;
  put_big_endian(all, count_, 4);
  put_big_endian(all, 1, 4);  // Counts from 1.
  all += elements_;
  return all;
}

Parameters& Parameters::text(std::string_view value) {
  ANNALS_ASSERT(binaries_.empty(), "a text parameter after bytes");
  texts_.emplace_back(std::string(value));
  return *this;
}

Parameters& Parameters::integer(std::int64_t value) { return text(std::to_string(value)); }

Parameters& Parameters::real(double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  return text(std::string_view(digits, static_cast<std::size_t>(end.ptr - digits)));
}

Parameters& Parameters::boolean(bool value) { return text(value ? "t" : "f"); }

Parameters& Parameters::null() {
  ANNALS_ASSERT(binaries_.empty(), "a null parameter after bytes");
  texts_.emplace_back();
  return *this;
}

Parameters& Parameters::text_or_null(const std::optional<std::string>& value) {
  return value ? text(*value) : null();
}

Parameters& Parameters::integer_or_null(const std::optional<std::int64_t>& value) {
  return value ? integer(*value) : null();
}

Parameters& Parameters::bytes(std::string_view value) {
  binaries_.emplace_back(value);
  return *this;
}

Parameters& Parameters::bytes(std::span<const std::uint8_t> value) {
  return bytes(std::string_view(reinterpret_cast<const char*>(value.data()), value.size()));
}

Parameters& Parameters::array(const ArrayParameter& value) {
  binaries_.push_back(value.encoded());
  return *this;
}

}  // namespace annals::postgres
