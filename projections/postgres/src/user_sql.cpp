#include "user_sql.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "column_form.hpp"
#include "failures.hpp"
#include "sql_text.hpp"

namespace annals::internal {

namespace {

Error refused(std::string_view why, std::string_view sql) {
  return {.code = ErrorCode::invalid_argument,
          .message = std::string(why) + " (in: " + std::string(sql) + ")"};
}

bool touches_ours(const SqlText& sql) {
  return std::any_of(sql.words.begin(), sql.words.end(),
                     [](const std::string& word) { return word.starts_with("annals_"); });
}

bool begins_with_any(const SqlText& sql, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), sql.words.front()) != words.end();
}

constexpr std::array<std::string_view, 4> selects{"select", "with", "values", "table"};
constexpr std::array<std::string_view, 3> changes{"insert", "update", "delete"};
constexpr std::array<std::string_view, 2> fillings{"insert", "comment"};
constexpr std::array<std::string_view, 5> makeable{"table", "index", "unique", "view", "sequence"};

Result<postgres::Parameters> parameters_of(std::span<const Cell> arguments, std::string_view sql) {
  postgres::Parameters parameters;
  for (const Cell& cell : arguments) {
    if (const auto* number = std::get_if<std::int64_t>(&cell)) {
      parameters.integer(*number);
    } else if (const auto* real = std::get_if<double>(&cell)) {
      parameters.real(*real);
    } else if (const auto* text = std::get_if<std::string>(&cell)) {
      if (text->find('\0') != std::string::npos) {
        return refused("an argument has a NUL character, which PostgreSQL cannot hold", sql);
      }
      parameters.text(*text);
    } else {
      parameters.null();
    }
  }
  return parameters;
}

}  // namespace

Result<postgres::Rows> UserSql::run(std::string_view sql, std::span<const Cell> arguments) {
  if (ended_) return *ended_;
  auto read = read_sql(sql);
  if (!read) return std::move(read).error();
  if (read->words.empty()) return refused("there is no statement", sql);
  if (read->more) return refused("there is more than one statement", sql);
  const bool change = rights_ == Rights::change;
  if (!begins_with_any(*read, selects) && !(change && begins_with_any(*read, changes))) {
    return refused(change ? "only selects and changes of rows are allowed here"
                          : "only selects are allowed here",
                   sql);
  }
  if (change && touches_ours(*read))
    return refused("annals_ tables are not for hand-written SQL", sql);
  if (read->parameters != arguments.size()) {
    return refused("the statement has " + std::to_string(read->parameters) + " parameters, " +
                       std::to_string(arguments.size()) + " were given",
                   sql);
  }
  auto parameters = parameters_of(arguments, sql);
  if (!parameters) return std::move(parameters).error();
  // Prepared for projectors, which say the same again and again; what readers ask is of many kinds.
  auto rows = change ? transaction_.run_prepared(read->text, *parameters)
                     : transaction_.run(read->text, *parameters);
  if (rows) return *std::move(rows);
  ended_ = users_failed(rows.error(), sql);
  return *ended_;
}

Result<std::int64_t> UserSql::execute(std::string_view sql, std::span<const Cell> arguments) {
  auto rows = run(sql, arguments);
  if (!rows) return std::move(rows).error();
  return static_cast<std::int64_t>(rows->affected());
}

Result<void> UserSql::select(std::string_view sql, std::span<const Cell> arguments,
                             const CellsVisitor& visit) {
  auto rows = run(sql, arguments);
  if (!rows) return std::move(rows).error();
  std::vector<Cell> cells(rows->columns());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    for (std::size_t column = 0; column < cells.size(); ++column) {
      cells[column] = read_value(*rows, row, column);
    }
    if (auto visited = visit(cells); !visited) return visited;
  }
  return {};
}

Result<void> run_schema(postgres::Transaction& transaction, std::string_view schema) {
  auto statements = statements_of(schema);
  if (!statements) return std::move(statements).error();
  for (const std::string& statement : *statements) {
    auto read = read_sql(statement);
    if (!read) return std::move(read).error();
    const bool makes =
        read->words.front() == "create" && read->words.size() > 1 &&
        std::find(makeable.begin(), makeable.end(), read->words[1]) != makeable.end();
    const bool misspelt = read->words.front() == "create" && !makes;
    if ((!makes && !begins_with_any(*read, fillings)) || touches_ours(*read)) {
      return refused(misspelt ? "a schema makes tables, indexes, views and sequences"
                              : "a schema makes tables, indexes, views and sequences, fills them "
                                "and comments on them, and touches no annals_ tables",
                     statement);
    }
    if (auto done = transaction.run(read->text); !done)
      return users_failed(done.error(), statement);
  }
  return {};
}

}  // namespace annals::internal
