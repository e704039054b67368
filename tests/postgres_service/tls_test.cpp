// TLS as libpq does it, by words in the URL: who the server must be is said, and refusals say why.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include <annals/eventstore/postgres_event_store.hpp>
#include <annals/postgres/connection.hpp>
#include <annals/projections/postgres_read_model_store.hpp>
#include <annals/testkit/requests.hpp>
#include <annals/testkit/temporary_folder.hpp>

#include "postgres/server.hpp"

namespace annals {
namespace {

using postgres_test::Server;
using std::chrono::milliseconds;

std::string contents(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class PostgresTls : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("openssl version > /dev/null 2>&1") != 0) {
      GTEST_SKIP() << "SKIPPED: needs the program openssl, to make certificates";
    }
    auto started = Server::start();
    if (auto* missing = std::get_if<Server::Missing>(&started)) {
      GTEST_SKIP() << "SKIPPED: needs a server of its own, but " << missing->why;
    }
    server_ = std::move(std::get<std::unique_ptr<Server>>(started));
    make_root("root");
    make_root("stranger");
    std::ofstream(folder_.file("names")) << "subjectAltName=DNS:db.annals.test\n";
    openssl(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=db.annals.test"
        " -keyout server.key -out server.csr");
    openssl(
        "x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 2"
        " -extfile names -out server.crt");
    for (const char* file : {"server.key", "server.crt"}) {
      ASSERT_NE(server_->put_file(file, contents(folder_.file(file))), "");
    }
    server_->put_file("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n");
    ASSERT_TRUE(server_->run_sql("ALTER SYSTEM SET ssl = on"));
    ASSERT_TRUE(server_->run_sql("SELECT pg_reload_conf()"));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!postgres::Connection::open({.url = server_->url() + "?sslmode=require"})) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  void openssl(const std::string& words) const {
    const std::string command = "cd '" + folder_.path() + "' && openssl " + words + " 2> log";
    ASSERT_EQ(std::system(command.c_str()), 0) << contents(folder_.file("log"));
  }
  void make_root(const std::string& name) const {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" +
            name + " -keyout " + name + ".key -out " + name + ".crt");
  }
  /// The name goes nowhere: it is what the certificate must be for.
  std::string url(const std::string& host, const std::string& words) const {
    return "postgres://annals@" + host + ":" + std::to_string(server_->port()) +
           "/postgres?hostaddr=127.0.0.1&" + words;
  }
  std::string verified_by(const std::string& root) const {
    return "sslmode=verify-full&sslrootcert=" + folder_.file(root + ".crt");
  }

  testkit::TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
};

TEST_F(PostgresTls, AServerThatIsWhoItShouldBeIsTalkedToUnderTls) {
  const std::string right = url("db.annals.test", verified_by("root"));
  const auto connection = postgres::Connection::open({.url = right});
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_TRUE((*connection)
                  ->run("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                  ->boolean(0, 0));
  const auto store = open_postgres_event_store({.url = right});
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_TRUE((*store)->append(testkit::append_of({testkit::event_on("a-1")})));
  const auto rows = open_postgres_read_models({.url = right});
  EXPECT_TRUE(rows) << to_string(rows.error());
}

TEST_F(PostgresTls, AnyOtherIsRefusedAndTheMessageSaysWhy) {
  const struct {
    std::string url;
    const char* why;
  } cases[] = {
      {url("db.annals.test", verified_by("stranger")), "certificate verify failed"},
      {url("other.annals.test", verified_by("root")), "does not match host name"},
      {url("db.annals.test", "sslmode=verify-full&sslrootcert=/no/such/file"),
       "root certificate file \"/no/such/file\" does not exist"},
      {url("db.annals.test", "sslmode=disable"), "no encryption"},
  };
  for (const auto& [url, why] : cases) {
    const auto store = open_postgres_event_store({.url = url, .patience = milliseconds(1)});
    ASSERT_FALSE(store) << url;
    EXPECT_EQ(store.error().code, ErrorCode::unavailable) << to_string(store.error());
    EXPECT_NE(store.error().message.find(why), std::string::npos) << store.error().message;
    const auto rows = open_postgres_read_models({.url = url, .patience = milliseconds(1)});
    ASSERT_FALSE(rows) << url;
    EXPECT_EQ(rows.error().code, ErrorCode::unavailable) << to_string(rows.error());
    EXPECT_NE(rows.error().message.find(why), std::string::npos) << rows.error().message;
  }
}

}  // namespace
}  // namespace annals
