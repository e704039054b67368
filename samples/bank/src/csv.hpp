/// @file
/// CSV files, plain or gzipped, read record by record.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/result.hpp>
#include <annals/eventstore/time.hpp>

namespace bank {

/// One record, its fields found by the names in the file's first line. The first field that is
/// missing or cannot be read is remembered: read all fields, then ask error() once.
class CsvRecord {
 public:
  /// "berka.csv.gz:17": for messages about this record.
  std::string place() const;

  std::string text(std::string_view column);
  std::int64_t integer(std::string_view column);
  /// An amount of money in hundredths; at most 10^15 of them, so that two add up without overflow.
  std::int64_t hundredths(std::string_view column);
  /// "2015-01-31", as midnight UTC at the start of that day.
  annals::Timestamp date(std::string_view column);
  /// "2015-01-31T12:34:56Z".
  annals::Timestamp time(std::string_view column);

  /// invalid_argument, with file and line.
  const std::optional<annals::Error>& error() const { return error_; }

 private:
  friend class CsvReader;

  std::string_view field(std::string_view column);
  void fail(std::string_view column, std::string_view value, std::string_view expected);

  std::string file_;
  std::uint64_t line_ = 0;
  std::vector<std::string> columns_;
  std::vector<std::string> fields_;
  std::optional<annals::Error> error_;
};

/// Reads RFC 4180: commas, fields in double quotes where they need it, lines ending in LF or CRLF,
/// names in the first line, as many fields in every record. One thread at a time.
class CsvReader {
 public:
  /// Errors: unavailable (the file cannot be opened), invalid_argument (no line of names).
  static annals::Result<CsvReader> open(const std::string& path);

  /// The next record, or nothing at the end; it is valid until the next call.
  ///
  /// Errors: invalid_argument (not CSV, with file and line; a gzip file that is cut or damaged).
  annals::Result<CsvRecord*> next();

 private:
  class Source;

  CsvReader() = default;
  annals::Result<bool> read_fields(std::vector<std::string>& fields);
  annals::Error broken(const std::string& what) const;

  std::shared_ptr<Source> source_;
  CsvRecord record_;
  std::uint64_t lines_ = 0;  // Physical lines read so far.
};

}  // namespace bank
