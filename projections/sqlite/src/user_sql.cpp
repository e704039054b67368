#include "user_sql.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace annals::sqlite_rows {

namespace {

bool is_ours(const char* name) {
  return name != nullptr && (std::string_view(name).starts_with("annals_") ||
                             std::string_view(name).starts_with("sqlite_"));
}

// What statements are compiled for.
enum class Allowed : std::uint8_t { selects, changes, definitions };

int authorize(void* allowed_here, int action, const char* first, const char* second,
              const char* /*database*/, const char* /*trigger*/) {
  const Allowed allowed = *static_cast<const Allowed*>(allowed_here);
  const auto allow_if = [](bool yes) { return yes ? SQLITE_OK : SQLITE_DENY; };
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      // Making a table writes to sqlite_master; SQLite itself refuses others that try.
      if (allowed == Allowed::definitions && std::string_view(first) == "sqlite_master") {
        return SQLITE_OK;
      }
      return allow_if(allowed != Allowed::selects && !is_ours(first));
    // By the table: the name may be one that SQLite gives to the index of a primary key.
    case SQLITE_CREATE_INDEX: return allow_if(allowed == Allowed::definitions && !is_ours(second));
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TRIGGER: return allow_if(allowed == Allowed::definitions && !is_ours(first));
    case SQLITE_REINDEX: return allow_if(allowed == Allowed::definitions);
    default: return SQLITE_DENY;
  }
}

/// While it exists, the connection compiles only what is allowed.
class Authorization {
 public:
  Authorization(Connection& connection, Allowed allowed)
      : connection_(connection), allowed_(allowed) {
    sqlite3_set_authorizer(connection_.handle(), &authorize, &allowed_);
  }
  ~Authorization() { sqlite3_set_authorizer(connection_.handle(), nullptr, nullptr); }
  Authorization(const Authorization&) = delete;
  Authorization& operator=(const Authorization&) = delete;

  const char* hint() const {
    if ((sqlite3_errcode(connection_.handle()) & 0xFF) != SQLITE_AUTH) return "";
    switch (allowed_) {
      case Allowed::selects: return ": only selects are allowed here";
      case Allowed::changes:
        return ": only selects and changes of rows are allowed here, and no changes of annals_ "
               "tables";
      case Allowed::definitions: break;
    }
    return ": a schema makes tables, indexes, views and triggers, and no annals_ tables";
  }

 private:
  Connection& connection_;
  Allowed allowed_;
};

}  // namespace

Error UserSql::remember(Error error) {
  if (rights_ == Rights::change && !ended_ && !connection_.in_transaction()) {
    ended_ = error;
    ended_->message += ": it has undone the whole transaction";
  }
  return ended_ ? *ended_ : error;
}

Result<Statement*> UserSql::prepared(std::string_view sql, std::size_t arguments) {
  if (ended_) return *ended_;
  const bool change = rights_ == Rights::change;
  // What they may do is part of the name: a statement prepared with more rights is another one.
  std::string text(sql);
  text += change ? " /* change */" : " /* read */";
  Result<Statement*> statement = connection_.find_prepared(text);
  const auto refused = [&](const std::string& why) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = why + " (in: " + std::string(sql) + ")"};
  };
  // Only for new ones: an authorizer makes SQLite compile all statements of the connection again.
  if (*statement == nullptr) {
    const Authorization authorization(connection_, change ? Allowed::changes : Allowed::selects);
    statement = connection_.prepared(text);
    if (!statement) {
      Error error = std::move(statement).error();
      if (error.code == ErrorCode::invalid_argument) {
        error.message += authorization.hint();
        error.message += " (in: " + std::string(sql) + ")";
      }
      return error;
    }
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
  auto changed = connection_.execute(**statement, arguments);
  if (changed) return changed;
  Error error = std::move(changed).error();
  if (error.code == ErrorCode::invalid_argument) error.message += " (in: " + std::string(sql) + ")";
  return remember(std::move(error));
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
    if (!row) return remember(std::move(row).error());
    if (!*row) return {};
    (*statement)->read(cells);
    if (auto visited = visit(cells); !visited) return visited;
  }
}

Result<void> run_schema(Connection& connection, std::string_view schema) {
  const Authorization authorization(connection, Allowed::definitions);
  auto done = connection.run(std::string(schema).c_str());
  if (done) return done;
  Error error = std::move(done).error();
  if (error.code == ErrorCode::invalid_argument) error.message += authorization.hint();
  return error;
}

}  // namespace annals::sqlite_rows
