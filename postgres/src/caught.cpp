#include "caught.hpp"

#include <new>

namespace annals::postgres {

namespace {

// One line, without the query and without a password.
std::string tidy(std::string_view what, std::string_view password) {
  std::string message(what);
  if (!password.empty()) {
    for (std::size_t at; (at = message.find(password)) != std::string::npos;) {
      message.replace(at, password.size(), "***");
      if (std::string_view("***").find(password) != std::string_view::npos) break;
    }
  }
  if (message.starts_with("ERROR:")) message.erase(0, message.find_first_not_of(" :", 5));
  while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
  for (char& c : message) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return message;
}

// For the classes whose SQLSTATE 6.4 drops.
Failure failure_of_class(const pqxx::sql_error& error) noexcept {
  if (!error.sqlstate().empty()) return postgres::failure_of(error.sqlstate());
  const auto is = [&]<typename Class>(const Class*) {
    return dynamic_cast<const Class*>(&error) != nullptr;
  };
  if (is(static_cast<const pqxx::insufficient_privilege*>(nullptr))) {
    return Failure::permission_denied;
  }
  if (is(static_cast<const pqxx::unique_violation*>(nullptr))) return Failure::unique_violation;
  if (is(static_cast<const pqxx::integrity_constraint_violation*>(nullptr))) {
    return Failure::constraint;
  }
  if (is(static_cast<const pqxx::undefined_table*>(nullptr))) return Failure::undefined_table;
  if (is(static_cast<const pqxx::undefined_function*>(nullptr))) {
    return Failure::undefined_function;
  }
  if (is(static_cast<const pqxx::insufficient_resources*>(nullptr))) return Failure::no_resources;
  return Failure::other;
}

}  // namespace

Failure failure_of(std::string_view sqlstate) noexcept {
  const std::string_view group = sqlstate.substr(0, 2);
  if (group == "08" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" ||
      sqlstate == "57P05" || sqlstate == "25P03") {
    return Failure::connection_lost;
  }
  if (group == "40") return Failure::serialization;
  if (sqlstate == "23505" || sqlstate == "23P01") return Failure::unique_violation;
  if (group == "23") return Failure::constraint;
  if (sqlstate == "57014" || sqlstate == "55P03") return Failure::timeout;
  if (sqlstate == "42501") return Failure::permission_denied;
  if (sqlstate == "42P01" || sqlstate == "3F000") return Failure::undefined_table;
  if (sqlstate == "42883") return Failure::undefined_function;
  if (sqlstate == "25006") return Failure::read_only;
  if (group == "53" || group == "54" || group == "58") return Failure::no_resources;
  return Failure::other;
}

SqlError caught(bool open, std::string_view password) {
  const auto made = [&](Failure failure, const char* what, std::string sqlstate = {}) {
    SqlError error{failure, std::move(sqlstate), tidy(what, password)};
    // What libpqxx says then is about the next thing that it wanted.
    if (failure == Failure::connection_lost &&
        error.message.find("client encoding") != error.message.npos) {
      error.message = "the connection to the server was lost";
    }
    return error;
  };
  try {
    throw;
  } catch (const pqxx::in_doubt_error& error) {
    return made(Failure::in_doubt, error.what());
  } catch (const pqxx::broken_connection& error) {
    return made(Failure::connection_lost, error.what());
  } catch (const pqxx::serialization_failure& error) {
    return made(Failure::serialization, error.what(), "40001");
  } catch (const pqxx::deadlock_detected& error) {
    return made(Failure::serialization, error.what(), "40P01");
  } catch (const pqxx::sql_error& error) {
    // Whatever the server's last words were, without a session nothing can be asked again.
    const Failure failure = open ? failure_of_class(error) : Failure::connection_lost;
    return made(failure, error.what(), error.sqlstate());
  } catch (const std::bad_alloc&) {
    return made(Failure::no_resources, "out of memory");
  } catch (const std::exception& error) {
    return made(open ? Failure::other : Failure::connection_lost, error.what());
  }
}

}  // namespace annals::postgres
