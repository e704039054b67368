#include "user_sql.hpp"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace annals::internal {

namespace {

bool is_ours(const char* name) {
  return name != nullptr && (std::string_view(name).starts_with("annals_") ||
                             std::string_view(name).starts_with("sqlite_"));
}

int authorize(void* may_change, int action, const char* first, const char* /*second*/,
              const char* /*database*/, const char* /*trigger*/) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: return may_change != nullptr && !is_ours(first) ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
  }
}

}  // namespace

Result<Statement*> UserSql::prepared(std::string_view sql, std::size_t arguments) {
  sqlite3_set_authorizer(connection_.handle(), &authorize,
                         rights_ == Rights::change ? this : nullptr);
  // What they may do is part of the name: a statement prepared with more rights is another one.
  std::string text(sql);
  text += rights_ == Rights::change ? " /* change */" : " /* read */";
  auto statement = connection_.prepared(text);
  sqlite3_set_authorizer(connection_.handle(), nullptr, nullptr);
  const auto refused = [&](const std::string& why) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = why + " (in: " + std::string(sql) + ")"};
  };
  if (!statement) {
    Error error = std::move(statement).error();
    if (error.code == ErrorCode::invalid_argument)
      error.message += " (in: " + std::string(sql) + ")";
    return error;
  }
  if (*statement == nullptr) return refused("there is no statement");
  if (sqlite3_stmt_busy((*statement)->get()) != 0) {
    return refused("this statement is being read already, by the function that its rows go to");
  }
  const auto wanted = static_cast<std::size_t>((*statement)->parameters());
  if (wanted != arguments) {
    return refused("the statement has " + std::to_string(wanted) + " parameters, " +
                   std::to_string(arguments) + " were given");
  }
  return *statement;
}

Result<std::int64_t> UserSql::execute(std::string_view sql, std::span<const Cell> arguments) {
  auto statement = prepared(sql, arguments.size());
  if (!statement) return std::move(statement).error();
  return connection_.execute(**statement, arguments);
}

Result<void> UserSql::select(std::string_view sql, std::span<const Cell> arguments,
                             const CellsVisitor& visit) {
  auto statement = prepared(sql, arguments.size());
  if (!statement) return std::move(statement).error();
  Running running(**statement);
  (*statement)->bind_all(arguments);
  std::vector<Cell> cells;
  while (true) {
    auto row = connection_.step(**statement);
    if (!row) return std::move(row).error();
    if (!*row) return {};
    (*statement)->read(cells);
    if (auto visited = visit(cells); !visited) return visited;
  }
}

}  // namespace annals::internal
