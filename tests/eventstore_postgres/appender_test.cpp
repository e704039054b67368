// What the writing half does where a thread, or a server's memory of numbers, is gone.

#include "appender.hpp"

#include <atomic>
#include <future>
#include <system_error>
#include <thread>
#include <vector>

#include <annals/postgres/connection.hpp>
#include <annals/testkit/requests.hpp>

#include "open_store.hpp"
#include "postgres/database.hpp"

namespace annals {

namespace {

using testkit::append_of;
using testkit::event_on;

std::unique_ptr<postgres::Connection> session_of(const postgres_test::Schema& schema) {
  auto opened = postgres::Connection::open({.url = schema.url()});
  EXPECT_TRUE(opened) << opened.error().message;
  return opened ? *std::move(opened) : nullptr;
}

}  // namespace

// Enough wait behind each group for the next one to be formed, and sent, beside it.
TEST(PostgresAppender, WithoutAThreadToBeHadGroupsAreSentByTheOneThatFormsThem) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  const StoreId id = store->token().store;
  const internal::LogReader reader(options, *internal::SchemaName::of(schema.name()), id,
                                   {EraBegin{}});
  internal::Appender appender(options, reader);
  int asked = 0;
  appender.run_beside = [&](auto) -> internal::Appender::Answer {
    ++asked;
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  };

  std::vector<internal::Attempt> attempts(6'000);
  std::vector<internal::Attempt*> waiting;
  const internal::KeyHasher hasher(id);
  for (internal::Attempt& attempt : attempts) {
    auto prepared = internal::prepare(append_of({event_on("a-1")}), {}, hasher);
    ASSERT_TRUE(prepared);
    attempt.append = *std::move(prepared);
    waiting.push_back(&attempt);
  }
  while (!waiting.empty()) {
    const auto ran = appender.run_group(
        waiting, [&](std::size_t from) { return std::span(waiting).subspan(from); });
    ASSERT_GT(ran.taken, 0U);
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(ran.taken));
  }
  EXPECT_GT(asked, 0);
  GlobalPosition expected;
  for (internal::Attempt& attempt : attempts) {
    ASSERT_TRUE(attempt.outcome->has_value()) << to_string(attempt.outcome->error());
    ++expected.value;
    EXPECT_EQ((*attempt.outcome)->first_position, expected);
  }
  EXPECT_EQ(store->head().position, expected);
}

// An append waits in its client's queue while its id is given up on a server that has taken over
// and gives out numbers of attempts once more, which the first one had given out already.
TEST(PostgresAppender, AnAttemptFromBeforeAFailoverGivesWayThoughItsNumberIsHigherThanTheNotes) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const auto store =
      open_store({.url = schema.url(), .schema = schema.name(), .application_name = schema.name()});
  const auto elsewhere = open_store({.url = schema.url(), .schema = schema.name()});
  ASSERT_TRUE(store && elsewhere);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(store->find_append(append_id_of("nobody's " + std::to_string(i))));
  }
  ASSERT_TRUE(store->append(append_of({event_on("a-1")})));  // So that it has a session.
  const auto holder = session_of(schema);
  const auto watcher = session_of(schema);
  const auto count = [&](const std::string& sql) {
    const auto rows = watcher->run(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? rows->size() : 0;
  };
  const std::string waits = " FROM pg_stat_activity WHERE application_name = '" + schema.name() +
                            "' AND query LIKE '%append(%' AND wait_event_type = 'Lock'";
  ASSERT_TRUE(holder->run_script("BEGIN; LOCK TABLE " + schema.name() + ".appends"));
  std::promise<Result<Receipt>> first;
  std::promise<Result<Receipt>> second;
  store->append_async(append_of({event_on("a-1")}),
                      [&](Result<Receipt> receipt) { first.set_value(std::move(receipt)); });
  while (count("SELECT" + waits) == 0) std::this_thread::yield();
  // It has noted its number, and cannot be sent before the first one is answered.
  AppendRequest request = append_of({event_on("a-2")});
  request.id = append_id_of("second");
  store->append_async(std::move(request),
                      [&](Result<Receipt> receipt) { second.set_value(std::move(receipt)); });
  ASSERT_TRUE(watcher->run("SELECT setval('" + schema.name() + ".attempts', 1)"));
  ASSERT_EQ(count("SELECT pg_terminate_backend(pid)" + waits), 1U);
  // Whoever looks now waits for the lock of the table, too: so its note, and no more.
  postgres::Parameters id;
  id.bytes(append_id_of("second").bytes);
  ASSERT_TRUE(watcher->run("INSERT INTO " + schema.name() +
                               ".given_up (id, attempt) VALUES ($1::uuid, nextval('" +
                               schema.name() + ".attempts'))",
                           id));
  ASSERT_TRUE(holder->run_script("ROLLBACK"));
  const auto lost = first.get_future().get();
  EXPECT_FALSE(lost);
  const auto late = second.get_future().get();
  ASSERT_FALSE(late) << "somebody has been told that it is not recorded";
  EXPECT_EQ(late.error().code, ErrorCode::unavailable) << to_string(late.error());
  EXPECT_FALSE(elsewhere->find_append(append_id_of("second"))->has_value());
  EXPECT_EQ(elsewhere->head().position.value, 1U);
}

}  // namespace annals
