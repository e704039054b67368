#include "csv.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <zlib.h>

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

namespace {

constexpr std::size_t record_bytes_max = 1024 * 1024;
constexpr std::int64_t hundredths_max = 1'000'000'000'000'000;
constexpr int end_of_file = -1;

}  // namespace

/// The bytes of a file, unpacked if they are gzipped.
class CsvReader::Source {
 public:
  explicit Source(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {
    if (file_ != nullptr) gzbuffer(file_, 1 << 16);
  }
  ~Source() {
    if (file_ != nullptr) gzclose_r(file_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  bool is_open() const { return file_ != nullptr; }

  int peek() {
    if (at_ == size_) fill();
    return at_ < size_ ? static_cast<unsigned char>(buffer_[at_]) : end_of_file;
  }
  int take() {
    const int c = peek();
    if (c != end_of_file) ++at_;
    return c;
  }

  /// Why the file ended, if not because it is over.
  std::optional<std::string> failure() const {
    int code = Z_OK;
    const char* text = gzerror(file_, &code);
    if (code == Z_OK || code == Z_STREAM_END) return std::nullopt;
    if (code == Z_BUF_ERROR) return "the gzip file is cut short";
    return text;
  }

 private:
  void fill() {
    const int got = gzread(file_, buffer_.data(), buffer_.size());
    at_ = 0;
    size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  gzFile file_;
  std::array<char, 1 << 16> buffer_{};
  std::size_t at_ = 0;
  std::size_t size_ = 0;
};

std::string CsvRecord::place() const { return file_ + ":" + std::to_string(line_); }

std::string_view CsvRecord::field(std::string_view column) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] == column) return fields_[i];
  }
  if (!error_) {
    error_ = Error{ErrorCode::invalid_argument,
                   file_ + ":1: there is no column '" + std::string(column) + "'"};
  }
  return {};
}

void CsvRecord::fail(std::string_view column, std::string_view value, std::string_view expected) {
  if (error_) return;
  error_ = Error{ErrorCode::invalid_argument, place() + ": " + std::string(column) + " is '" +
                                                  std::string(value) + "', expected " +
                                                  std::string(expected)};
}

std::string CsvRecord::text(std::string_view column) { return std::string(field(column)); }

std::int64_t CsvRecord::integer(std::string_view column) {
  const std::string_view text = field(column);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    fail(column, text, "a whole number of 64 bits");
    return 0;
  }
  return value;
}

std::int64_t CsvRecord::hundredths(std::string_view column) {
  const std::int64_t value = integer(column);
  if (value <= hundredths_max && value >= -hundredths_max) return value;
  fail(column, field(column), "an amount of at most 10^15 hundredths");
  return 0;
}

annals::Timestamp CsvRecord::date(std::string_view column) {
  const std::string_view text = field(column);
  const auto midnight = annals::parse_timestamp(std::string(text) + "T00:00:00Z");
  if (!midnight) fail(column, text, "a date such as 2015-01-31");
  return midnight.value_or(annals::Timestamp{});
}

annals::Timestamp CsvRecord::time(std::string_view column) {
  const std::string_view text = field(column);
  const auto moment = annals::parse_timestamp(text);
  if (!moment) fail(column, text, "a time such as 2015-01-31T12:34:56Z");
  return moment.value_or(annals::Timestamp{});
}

Result<CsvReader> CsvReader::open(const std::string& path) {
  CsvReader reader;
  reader.source_ = std::make_shared<Source>(path);
  reader.record_.file_ = path;
  if (!reader.source_->is_open()) {
    return Error{ErrorCode::unavailable, path + ": cannot be opened: " + std::strerror(errno)};
  }
  const auto header = reader.read_fields(reader.record_.columns_);
  if (!header) return header.error();
  if (!*header) {
    return Error{ErrorCode::invalid_argument, path + ": is empty, expected a line of names"};
  }
  return reader;
}

Result<CsvRecord*> CsvReader::next() {
  record_.error_.reset();
  const auto more = read_fields(record_.fields_);
  if (!more) return more.error();
  if (!*more) return static_cast<CsvRecord*>(nullptr);
  if (record_.fields_.size() != record_.columns_.size()) {
    return broken("has " + std::to_string(record_.fields_.size()) + " fields, expected " +
                  std::to_string(record_.columns_.size()));
  }
  return &record_;
}

Error CsvReader::broken(const std::string& what) const {
  return {ErrorCode::invalid_argument, record_.place() + ": " + what};
}

/// Returns false at the end of the file.
Result<bool> CsvReader::read_fields(std::vector<std::string>& fields) {
  record_.line_ = lines_ + 1;
  fields.clear();
  if (source_->peek() == end_of_file) {
    if (const auto failure = source_->failure()) return broken(*failure);
    return false;
  }
  std::size_t bytes = 0;
  for (bool more = true; more;) {
    std::string field;
    const bool quoted = source_->peek() == '"';
    if (quoted) source_->take();
    for (bool open = quoted;;) {
      const int c = source_->peek();
      if (c == end_of_file) {
        if (const auto failure = source_->failure()) return broken(*failure);
        if (open) return broken("a quoted field is not closed");
        more = false;
        break;
      }
      if (++bytes > record_bytes_max) return broken("is longer than 1 MiB");
      source_->take();
      if (c == '\n') ++lines_;
      if (open && c == '"') {
        if (source_->peek() == '"') {
          field += static_cast<char>(source_->take());
        } else {
          open = false;
        }
      } else if (open) {
        field += static_cast<char>(c);
      } else if (c == ',') {
        break;
      } else if (c == '\n') {
        more = false;
        break;
      } else if (c == '\r' && source_->peek() == '\n') {
        // The line feed that follows ends the record.
      } else if (c == '"') {
        return broken("a quote inside a field that is not quoted");
      } else if (quoted) {
        return broken("text after a closing quote");
      } else {
        field += static_cast<char>(c);
      }
    }
    fields.push_back(std::move(field));
  }
  return true;
}

}  // namespace bank
