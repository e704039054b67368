/// @file
/// What a statement gave.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace annals::postgres {

/// The rows of one statement, in memory. Rows and columns count from 0. Copies share the rows;
/// views are valid as long as one of them lives. Reading is thread-safe.
///
/// A value that is null, or that is not of the type asked for, reads as zero or empty: a caller who
/// must tell them apart asks is_null().
class Rows {
 public:
  Rows() = default;

  std::size_t size() const noexcept { return cells_ ? rows_ : 0; }
  bool empty() const noexcept { return size() == 0; }
  std::size_t columns() const noexcept { return columns_; }
  /// The number of a column's type, such as 20 for bigint: it never changes for a built-in type.
  /// REQUIRES: column < columns().
  std::uint32_t type(std::size_t column) const noexcept { return (*types_)[column]; }
  /// Rows that an INSERT, UPDATE or DELETE changed.
  std::size_t affected() const noexcept { return affected_; }

  // REQUIRES: row < size(), column < columns().
  bool is_null(std::size_t row, std::size_t column) const noexcept;
  /// The value as the server writes it.
  std::string_view text(std::size_t row, std::size_t column) const noexcept;
  std::int64_t integer(std::size_t row, std::size_t column) const noexcept;
  double real(std::size_t row, std::size_t column) const noexcept;
  bool boolean(std::size_t row, std::size_t column) const noexcept;
  /// Of a `bytea`.
  std::string bytes(std::size_t row, std::size_t column) const;
  /// Appends a `bytea`'s bytes to `into`. Returns how many.
  std::size_t append_bytes(std::size_t row, std::size_t column, std::string& into) const;
  /// Of a `uuid`.
  std::array<std::uint8_t, 16> uuid(std::size_t row, std::size_t column) const noexcept;
  /// Of an array of integers; null elements read as 0.
  std::vector<std::int64_t> integers(std::size_t row, std::size_t column) const;
  std::optional<std::int64_t> integer_or_null(std::size_t row, std::size_t column) const noexcept;

 private:
  friend class RowsMaker;
  struct Cell {
    const char* text = nullptr;  // Null: the value is.
    std::size_t size = 0;
  };
  const Cell& cell(std::size_t row, std::size_t column) const noexcept {
    return (*cells_)[row * columns_ + column];
  }

  std::shared_ptr<const void> owner_;
  std::shared_ptr<const std::vector<Cell>> cells_;
  std::shared_ptr<const std::vector<std::uint32_t>> types_;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t affected_ = 0;
};

}  // namespace annals::postgres
