// A program that needs only sessions: no server answers here, and that is a value.
#include <cstdio>

#include <annals/postgres/connection.hpp>

int main() {
  const auto connection =
      annals::postgres::Connection::open({.url = "postgres://nobody@127.0.0.1:1/nothing"});
  if (connection) return 1;
  std::printf("%s\n", connection.error().message.c_str());
  return connection.error().failure == annals::postgres::Failure::not_connected ? 0 : 1;
}
