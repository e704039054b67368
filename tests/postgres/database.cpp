#include "database.hpp"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string_view>

#include <annals/postgres/connection.hpp>

#include "server.hpp"

#include <unistd.h>

namespace annals::postgres_test {

namespace {

struct Shared {
  std::optional<std::string> url;
  std::string why_none;
  std::unique_ptr<Server> own;
};

bool answers(const std::string& url) {
  return static_cast<bool>(postgres::Connection::open({.url = url}));
}

Shared find_shared() {
  Shared shared;
  if (const char* given = std::getenv("ANNALS_POSTGRES_URL"); given != nullptr && *given != '\0') {
    if (answers(given)) {
      shared.url = given;
    } else {
      shared.why_none = "the one that ANNALS_POSTGRES_URL names does not answer";
    }
    return shared;
  }
  // See tests/postgres/server_program.cpp.
  std::ifstream state(ANNALS_POSTGRES_STATE);
  std::string word;
  std::string rest;
  if (state >> word && std::getline(state >> std::ws, rest)) {
    if (word == "url" && answers(rest)) {
      shared.url = rest;
      return shared;
    }
    if (word == "none") {
      shared.why_none = rest;
      return shared;
    }
  }
  auto started = Server::start();
  if (auto* server = std::get_if<std::unique_ptr<Server>>(&started)) {
    shared.own = std::move(*server);
    shared.url = shared.own->url();
  } else {
    shared.why_none = std::get<Server::Missing>(started).why;
  }
  return shared;
}

const Shared& shared() {
  static const Shared found = find_shared();
  return found;
}

std::string new_name() {
  static std::atomic<int> count = 0;
  static const unsigned random = std::random_device{}();
  return "annals_test_" + std::to_string(::getpid()) + "_" + std::to_string(random) + "_" +
         std::to_string(++count);
}

void run_on_server(const std::string& sql) {
  auto connection = postgres::Connection::open({.url = *server_url()});
  if (!connection) {
    ADD_FAILURE() << connection.error().message;
    return;
  }
  if (auto done = (*connection)->run(sql); !done) ADD_FAILURE() << done.error().message;
}

}  // namespace

std::optional<std::string> server_url() { return shared().url; }
std::string why_no_server() { return shared().why_none; }

std::string url_of_database(const std::string& url, const std::string& database,
                            const std::string& user) {
  // scheme://[user[:password]@]place[/database][?words]
  const std::size_t begin = url.find("://") + 3;
  const std::size_t question = std::min(url.find('?', begin), url.size());
  const std::size_t slash = std::min(url.find('/', begin), question);
  const std::size_t at = url.rfind('@', slash);
  std::string place = url.substr(begin, slash - begin);
  if (!user.empty()) {
    const std::size_t host = at == std::string::npos || at < begin ? begin : at + 1;
    place = user + "@" + url.substr(host, slash - host);
  }
  return url.substr(0, begin) + place + "/" + database + url.substr(question);
}

Database::Database() : name_(new_name()) {
  run_on_server("CREATE DATABASE " + name_ + " ENCODING 'UTF8' TEMPLATE template0");
}

Database::~Database() { run_on_server("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)"); }

Schema::Schema() : name_(new_name()) {}
Schema::~Schema() { run_on_server("DROP SCHEMA IF EXISTS " + name_ + " CASCADE"); }

std::string Database::url() const { return url_of_database(*server_url(), name_); }
std::string Database::url_as(const std::string& role) const {
  return url_of_database(*server_url(), name_, role);
}

}  // namespace annals::postgres_test
