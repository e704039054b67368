// What a session promises, and how its failures are told apart.

#include <thread>

#include <annals/postgres/connection.hpp>
#include <annals/postgres/connection_pool.hpp>
#include <annals/postgres/transaction.hpp>

#include "postgres/database.hpp"

namespace annals::postgres {

namespace {

std::unique_ptr<Connection> connect(ConnectionOptions options = {}) {
  if (options.url.empty()) options.url = *postgres_test::server_url();
  auto opened = Connection::open(options);
  if (!opened) {
    ADD_FAILURE() << opened.error().message;
    return nullptr;
  }
  return *std::move(opened);
}

bool server_url_is_elsewhere() {
  return postgres_test::server_url()->find("127.0.0.1") == std::string::npos;
}

void terminate(const Connection& victim) {
  auto other = connect();
  auto done = other->run("SELECT pg_terminate_backend(" + std::to_string(victim.backend()) + ")");
  ASSERT_TRUE(done) << done.error().message;
}

}  // namespace

TEST(PostgresConnection, ALostSessionStaysLost) {
  ANNALS_NEEDS_POSTGRES();
  const auto connection = connect();
  ASSERT_TRUE(connection->run("SELECT pg_advisory_lock(1)"));
  terminate(*connection);
  const auto lost = connection->run("SELECT 1");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().failure, Failure::connection_lost) << lost.error().message;
  for (int i = 0; i < 5; ++i) {
    const auto again = connection->run("SELECT 1");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().failure, Failure::not_connected);
    EXPECT_FALSE(Transaction::begin(*connection));
    EXPECT_FALSE(connection->take_notifications());
  }
  EXPECT_TRUE(connection->lost());
}

TEST(PostgresConnection, ASessionLostAtCommitIsInDoubt) {
  ANNALS_NEEDS_POSTGRES();
  const auto connection = connect();
  auto transaction = Transaction::begin(*connection);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE((*transaction)->run("SELECT txid_current()"));
  terminate(*connection);
  const auto committed = (*transaction)->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().failure, Failure::in_doubt) << committed.error().message;
  EXPECT_EQ(to_error(committed.error(), "x").code, ErrorCode::outcome_unknown);
}

TEST(PostgresConnection, FailuresAreToldApart) {
  ANNALS_NEEDS_POSTGRES();
  const auto connection = connect();
  const auto failure = [&](const char* sql) {
    auto rows = connection->run(sql);
    EXPECT_FALSE(rows) << sql;
    return rows ? Failure::other : rows.error().failure;
  };
  ASSERT_TRUE(connection->run("CREATE TEMPORARY TABLE t (a int PRIMARY KEY CHECK (a > 0))"));
  ASSERT_TRUE(connection->run("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(failure("INSERT INTO t VALUES (1)"), Failure::unique_violation);
  EXPECT_EQ(failure("INSERT INTO t VALUES (-1)"), Failure::constraint);
  EXPECT_EQ(failure("SELECT * FROM no_such_table"), Failure::undefined_table);
  EXPECT_EQ(failure("SELECT * FROM no_such_schema.x"), Failure::undefined_table);
  EXPECT_EQ(failure("SELECT no_such_function()"), Failure::undefined_function);
  EXPECT_EQ(failure("SELEKT"), Failure::other);
  EXPECT_EQ(failure("SELECT 1 / 0"), Failure::other);
  EXPECT_FALSE(connection->lost());

  const auto hasty = connect({.statement_timeout = std::chrono::milliseconds(50)});
  const auto slept = hasty->run("SELECT pg_sleep(10)");
  ASSERT_FALSE(slept);
  EXPECT_EQ(slept.error().failure, Failure::timeout);
  EXPECT_FALSE(hasty->lost());
}

TEST(PostgresConnection, TwoThatContradictEachOtherAreASerializationFailure) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database database;
  const auto one = connect({.url = database.url()});
  const auto two = connect({.url = database.url()});
  ASSERT_TRUE(one->run_script("CREATE TABLE t (a int); INSERT INTO t VALUES (1)"));
  auto first = Transaction::begin(*one, Transaction::Isolation::repeatable_read);
  ASSERT_TRUE((*first)->run("SELECT * FROM t"));
  ASSERT_TRUE(two->run("UPDATE t SET a = 2"));
  const auto refused = (*first)->run("UPDATE t SET a = 3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, Failure::serialization);
}

TEST(PostgresConnection, APermissionThatIsMissingIsNamed) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Database database;
  const auto owner = connect({.url = database.url()});
  const std::string role = database.name() + "_nobody";
  ASSERT_TRUE(owner->run("CREATE TABLE t (a int)"));
  ASSERT_TRUE(owner->run("CREATE ROLE " + role + " LOGIN"));
  ASSERT_TRUE(owner->run("SET ROLE " + role));
  const auto refused = owner->run("SELECT * FROM t");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, Failure::permission_denied);
  EXPECT_NE(refused.error().message.find("table t"), std::string::npos);
  ASSERT_TRUE(owner->run("RESET ROLE"));
  ASSERT_TRUE(owner->run("DROP ROLE " + role));
}

TEST(PostgresConnection, WithoutCommitNothingIsKept) {
  ANNALS_NEEDS_POSTGRES();
  const auto connection = connect();
  ASSERT_TRUE(connection->run("CREATE TEMPORARY TABLE t (a int)"));
  for (const bool commit : {false, true}) {
    auto transaction = Transaction::begin(*connection);
    ASSERT_TRUE((*transaction)->run("INSERT INTO t VALUES (1)"));
    if (commit) {
      ASSERT_TRUE((*transaction)->commit());
    }
    transaction->reset();
    EXPECT_EQ(connection->run("SELECT count(*) FROM t")->integer(0, 0), commit ? 1 : 0);
  }
}

TEST(PostgresConnection, NotificationsArrive) {
  ANNALS_NEEDS_POSTGRES();
  const auto listener = connect();
  ASSERT_TRUE(listener->listen("annals test"));
  EXPECT_TRUE(listener->await_notifications(std::chrono::milliseconds(1))->empty());
  const auto speaker = connect();
  ASSERT_TRUE(speaker->run("SELECT pg_notify('annals test', '42')"));
  const auto heard = listener->await_notifications(std::chrono::seconds(20));
  ASSERT_TRUE(heard);
  ASSERT_EQ(heard->size(), 1U);
  EXPECT_EQ(heard->front().payload, "42");
  EXPECT_EQ(heard->front().channel, "annals test");
  EXPECT_EQ(heard->front().backend, speaker->backend());
}

TEST(PostgresConnection, AStatementCanBeCancelled) {
  ANNALS_NEEDS_POSTGRES();
  const auto connection = connect();
  std::thread other([&] {
    const auto watcher = connect();
    const std::string running =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
        " AND query = 'SELECT pg_sleep(60)' AND pid = " +
        std::to_string(connection->backend());
    while (watcher->run(running)->integer(0, 0) == 0) std::this_thread::yield();
    connection->cancel();
  });
  const auto stopped = connection->run("SELECT pg_sleep(60)");
  other.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().failure, Failure::timeout);
  EXPECT_TRUE(connection->run("SELECT 1"));
}

TEST(PostgresConnection, NoMessageHoldsAPassword) {
  for (const char* url :
       {"postgres://ann:s3cret@127.0.0.1:1/x", "host=127.0.0.1 port=1 password=s3cret user=ann",
        "postgres://ann:s3cret@127.0.0.1:1/x?no_such_word=s3cret", "password=s3cret nonsense",
        "postgres://ann:a?s3cret@127.0.0.1:1/x", "postgres://ann:a?s3cret=b@127.0.0.1:1/x",
        "postgres://ann:a%s3cret@127.0.0.1:1/x", "postgres://ann:a@s3cret@127.0.0.1:1/x",
        "postgres://ann:\"s3cret@127.0.0.1:1/x?y", "postgres://ann:a[s3cret@127.0.0.1:1/x",
        "password='s3cret", "password=\"s3cret x\" y"}) {
    const auto refused = Connection::open({.url = url});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message.find("s3cret"), std::string::npos) << refused.error().message;
    EXPECT_EQ(without_password(url).find("s3cret"), std::string::npos) << without_password(url);
  }
}

TEST(PostgresConnection, OfSeveralHostsTheMessageNamesEachWithItsPort) {
  EXPECT_EQ(without_password("postgres://ann:s3cret@one:1,two:2/x?target_session_attrs=read-write"),
            "postgres://ann@one:1,two:2/x");
  EXPECT_EQ(without_password("postgres://one,two:5/x"), "postgres://one,two:5/x");
}

TEST(PostgresConnection, OfSeveralHostsOneThatAnswersIsTaken) {
  ANNALS_NEEDS_POSTGRES();
  const auto here = connect();
  const auto place = here->run("SELECT inet_server_port(), current_user, current_database()");
  ASSERT_TRUE(place);
  if (place->is_null(0, 0)) GTEST_SKIP() << "SKIPPED: the server is not reached by TCP";
  if (server_url_is_elsewhere()) GTEST_SKIP() << "SKIPPED: the server is not at 127.0.0.1";
  const auto connection =
      connect({.url = "postgres://" + std::string(place->text(0, 1)) +
                      "@127.0.0.1:1,127.0.0.1:" + std::to_string(place->integer(0, 0)) + "/" +
                      std::string(place->text(0, 2)) + "?target_session_attrs=read-write"});
  ASSERT_TRUE(connection);
  EXPECT_TRUE(connection->run("SELECT 1"));
}

TEST(PostgresConnection, ASessionThatTheCallerHasSomethingAgainstIsNotUsed) {
  ANNALS_NEEDS_POSTGRES();
  int asked = 0;
  ConnectionOptions options{.url = *postgres_test::server_url()};
  options.check = [&](Connection& connection) -> SqlDone {
    ++asked;
    if (auto done = connection.run("SELECT 1"); !done) return std::move(done).error();
    return SqlError{Failure::diverged, {}, "another one"};
  };
  const auto refused = Connection::open_within(options, std::chrono::hours(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, Failure::diverged);
  EXPECT_EQ(asked, 1) << "another try would find the same";
}

TEST(PostgresConnection, OptionsReachTheSession) {
  ANNALS_NEEDS_POSTGRES();
  const auto connection = connect({.application_name = "a name",
                                   .statement_timeout = std::chrono::milliseconds(1234),
                                   .settings = {{"jit", "off"}}});
  const auto setting = [&](const std::string& name) {
    return std::string(connection->run("SELECT current_setting('" + name + "')")->text(0, 0));
  };
  EXPECT_EQ(setting("application_name"), "a name");
  EXPECT_EQ(setting("statement_timeout"), "1234ms");
  EXPECT_EQ(setting("jit"), "off");
  EXPECT_EQ(setting("client_encoding"), "UTF8");
  EXPECT_EQ(setting("synchronous_commit"), "on");
}

TEST(PostgresConnectionPool, LendsNoMoreThanItMay) {
  ANNALS_NEEDS_POSTGRES();
  ConnectionPool pool({.url = *postgres_test::server_url()}, 2);
  int backend = 0;
  {
    auto one = pool.lend(std::chrono::seconds(5));
    auto two = pool.lend(std::chrono::seconds(5));
    ASSERT_TRUE(one);
    ASSERT_TRUE(two);
    EXPECT_FALSE(pool.lend(std::chrono::milliseconds(1)));
    backend = (*one)->backend();
  }
  auto three = pool.lend(std::chrono::seconds(5));
  ASSERT_TRUE(three);
  EXPECT_EQ((*three)->backend(), backend) << "the last one that came back";
}

}  // namespace annals::postgres
