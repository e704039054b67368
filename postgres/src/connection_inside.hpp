#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <annals/postgres/connection.hpp>

#include "caught.hpp"

namespace annals::postgres {

/// Keeps what it receives until it is taken.
class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection& connection, const std::string& channel,
           std::vector<Notification>& received)
      : pqxx::notification_receiver(connection, channel), received_(received) {}

  void operator()(const std::string& payload, int backend) override {
    received_.push_back({channel(), payload, backend});
  }

 private:
  std::vector<Notification>& received_;
};

struct Connection::Inside {
  Inside(const std::string& conninfo, std::string password_in_it)
      : password(std::move(password_in_it)), session(conninfo) {}

  /// Runs a statement on `work`, by name if it has been or can be kept.
  SqlResult<Rows> run(pqxx::transaction_base& work, const std::string& sql,
                      const Parameters& parameters, bool keep);
  /// The name under which `sql` is prepared; nothing: there are too many.
  std::optional<std::string> name_of(const std::string& sql);

  std::string password;
  pqxx::connection session;
  std::unordered_map<std::string, std::string> prepared;
  std::vector<Notification> received;
  std::vector<std::unique_ptr<Receiver>> receivers;
};

/// Makes Rows of what libpqxx gave.
class RowsMaker {
 public:
  static Rows make(pqxx::result result);
};

}  // namespace annals::postgres
