#pragma once

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace annals::postgres_test {

/// The server that tests share: ANNALS_POSTGRES_URL (its database must let the user create others),
/// or the one that ctest has started for this run, or one of this process's own. Nothing if there
/// is none; why_no_server() then says why.
std::optional<std::string> server_url();
std::string why_no_server();

/// A new, empty database on that server, dropped with all sessions by the destructor.
class Database {
 public:
  /// REQUIRES: server_url()
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& name() const { return name_; }
  std::string url() const;
  /// As another role, such as one made by a test.
  std::string url_as(const std::string& role) const;

 private:
  std::string name_;
};

/// A schema's name that nobody has on that server's own database, for those who make it themselves;
/// dropped with all it holds by the destructor. Takes far less time than a database.
class Schema {
 public:
  /// REQUIRES: server_url()
  Schema();
  ~Schema();
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  const std::string& name() const { return name_; }
  std::string url() const { return *server_url(); }

 private:
  std::string name_;
};

/// `url` with another database and, if one is given, another user.
std::string url_of_database(const std::string& url, const std::string& database,
                            const std::string& user = {});

}  // namespace annals::postgres_test

/// First line of a test or a SetUp() that needs a server.
#define ANNALS_NEEDS_POSTGRES()                              \
  if (!::annals::postgres_test::server_url())                \
  GTEST_SKIP() << "SKIPPED: needs a PostgreSQL server, but " \
               << ::annals::postgres_test::why_no_server()
