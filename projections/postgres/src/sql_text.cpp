#include "sql_text.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace annals::internal {

namespace {

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool in_word(char c) { return is_letter(c) || is_digit(c) || c == '$'; }

/// Walks over SQL as PostgreSQL's own scanner does.
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  Result<SqlText> read() {
    while (at_ < sql_.size() && !fault_) step();
    if (fault_) {
      return Error{.code = ErrorCode::invalid_argument,
                   .message = *fault_ + " (in: " + std::string(sql_) + ")"};
    }
    if (!ended_) result_.semicolon = result_.text.size();
    return std::move(result_);
  }

 private:
  void step() {
    const char c = sql_[at_];
    const char next = at_ + 1 < sql_.size() ? sql_[at_ + 1] : '\0';
    if (c == '-' && next == '-') return comment_line();
    if (c == '/' && next == '*') return comment();
    if (std::isspace(static_cast<unsigned char>(c)) != 0) return copy(1);
    if (ended_) result_.more = true;
    if (c == '\'') return quoted('\'', false);
    if (c == '"') return quoted_word();
    if (c == '$' && !is_digit(next)) return dollar_quoted();
    if (c == '?' && is_digit(next)) return parameter();
    if (c == ';') {
      if (!ended_) result_.semicolon = result_.text.size();
      ended_ = true;
      return copy(1);
    }
    if (is_letter(c)) return word();
    if (is_digit(c)) return number();
    copy(1);
  }

  void copy(std::size_t count) {
    result_.text += sql_.substr(at_, count);
    at_ += count;
  }
  void copy_to_end_of(std::size_t found, std::size_t length, const char* what) {
    if (found == std::string_view::npos) {
      fault_ = std::string(what) + " does not end";
      return;
    }
    copy(found + length - at_);
  }
  void comment_line() { copy(std::min(sql_.find('\n', at_), sql_.size()) - at_); }
  void comment() {  // They nest.
    std::size_t depth = 0;
    std::size_t i = at_;
    do {
      if (i + 1 >= sql_.size()) return copy_to_end_of(std::string_view::npos, 0, "a comment");
      const std::string_view two = sql_.substr(i, 2);
      depth += two == "/*" ? 1U : 0U;
      depth -= two == "*/" ? 1U : 0U;
      i += two == "/*" || two == "*/" ? 2 : 1;
    } while (depth > 0);
    copy(i - at_);
  }
  void quoted(char quote, bool escapes) {
    std::size_t i = at_ + 1;
    while (i < sql_.size() && sql_[i] != quote) i += escapes && sql_[i] == '\\' ? 2 : 1;
    copy_to_end_of(i < sql_.size() ? i : std::string_view::npos, 1,
                   quote == '"' ? "a quoted name" : "a text");
  }
  void quoted_word() {
    const std::size_t begin = at_ + 1;
    quoted('"', false);
    if (!fault_) result_.words.emplace_back(sql_.substr(begin, at_ - 1 - begin));
  }
  void dollar_quoted() {
    std::size_t i = at_ + 1;
    while (i < sql_.size() && in_word(sql_[i]) && sql_[i] != '$') ++i;
    if (i >= sql_.size() || sql_[i] != '$') return copy(1);
    const std::string_view tag = sql_.substr(at_, i + 1 - at_);
    copy_to_end_of(sql_.find(tag, i + 1), tag.size(), "a text");
  }
  void parameter() {
    std::size_t number = 0;
    std::size_t i = at_ + 1;
    for (; i < sql_.size() && is_digit(sql_[i]) && number < 100'000; ++i) {
      number = 10 * number + static_cast<std::size_t>(sql_[i] - '0');
    }
    result_.parameters = std::max(result_.parameters, number);
    result_.text += '$' + std::to_string(number);
    at_ = i;
  }
  void word() {
    const std::size_t begin = at_;
    while (at_ < sql_.size() && in_word(sql_[at_])) copy(1);
    std::string name(sql_.substr(begin, at_ - begin));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const char next = at_ < sql_.size() ? sql_[at_] : '\0';
    if (name == "e" && next == '\'') return quoted('\'', true);
    if (name == "u" && next == '&') {
      fault_ = "names and texts in Unicode escapes (U&…) are not taken";
      return;
    }
    result_.words.push_back(std::move(name));
  }
  void number() {
    while (at_ < sql_.size() && (in_word(sql_[at_]) || sql_[at_] == '.')) copy(1);
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  bool ended_ = false;
  SqlText result_;
  std::optional<std::string> fault_;
};

}  // namespace

Result<SqlText> read_sql(std::string_view sql) { return Scanner(sql).read(); }

Result<std::vector<std::string>> statements_of(std::string_view script) {
  std::vector<std::string> statements;
  std::string rest(script);
  while (true) {
    auto read = read_sql(rest);
    if (!read) return std::move(read).error();
    if (!read->words.empty()) statements.push_back(read->text.substr(0, read->semicolon));
    if (read->semicolon >= read->text.size()) return statements;
    rest = read->text.substr(read->semicolon + 1);
  }
}

}  // namespace annals::internal
