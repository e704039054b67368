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

// One that is refused in the middle of a group takes no position, no version and no link.
TEST(PostgresAppender, OfAGroupEachAppendHasItsOwnOutcomeAndThoseRefusedLeaveNoTrace) {
  ANNALS_NEEDS_POSTGRES();
  const postgres_test::Schema schema;
  const PostgresOptions options{.url = schema.url(), .schema = schema.name()};
  const auto store = open_store(options);
  ASSERT_TRUE(store);
  AppendRequest first = append_of({event_on("b-1")});
  first.id = append_id_of("first");
  ASSERT_TRUE(store->append(first));
  const StoreId id = store->token().store;
  const internal::LogReader reader(options, *internal::SchemaName::of(schema.name()), id,
                                   {EraBegin{}});
  const internal::KeyHasher hasher(id);
  const auto with_checks = [](AppendRequest request, std::vector<ExpectedVersion> expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) request.checks[i].expected = expected[i];
    return request;
  };
  const auto exactly = [](std::uint64_t version) {
    return ExpectedVersion::exactly(StreamVersion{version});
  };
  const NewEvent a = testkit::tagged(event_on("a-1"), {"red", "round"});
  const NewEvent b = event_on("b-1");
  for (const bool all_hold : {true, false}) {
    SCOPED_TRACE(all_hold ? "all hold" : "some are refused");
    const std::uint64_t before = all_hold ? 0 : 3;  // Events of a-1.
    std::vector<std::pair<AppendRequest, std::optional<ErrorCode>>> group;
    const auto holds = [&](AppendRequest request) {
      group.emplace_back(std::move(request), std::nullopt);
    };
    const auto refused = [&](AppendRequest request, ErrorCode code) {
      if (!all_hold) group.emplace_back(std::move(request), code);
    };
    refused(with_checks(append_of({a}), {ExpectedVersion::no_stream()}),
            ErrorCode::wrong_expected_version);
    holds(with_checks(append_of({a, b, a}),
                      {all_hold ? ExpectedVersion::no_stream() : exactly(before - 1),
                       ExpectedVersion::stream_exists()}));
    refused(with_checks(append_of({a}), {exactly(before)}), ErrorCode::wrong_expected_version);
    holds(with_checks(append_of({a}), {exactly(before + 1)}));
    AppendRequest condition = append_of({b});
    condition.conditions = {{Query::tag("red"), {6}}};
    refused(condition, ErrorCode::condition_failed);
    holds(testkit::only_check("a-1", exactly(before + 2)));
    AppendRequest far = append_of({b});
    far.events[0].known_at = std::chrono::time_point_cast<Timestamp::duration>(
        Timestamp::clock::now() + std::chrono::hours(24));
    refused(far, ErrorCode::invalid_argument);
    holds(append_of({b}));

    std::vector<internal::Attempt> attempts(group.size());
    std::vector<internal::Attempt*> waiting;
    for (std::size_t i = 0; i < group.size(); ++i) {
      auto prepared = internal::prepare(group[i].first, {}, hasher);
      ASSERT_TRUE(prepared) << to_string(prepared.error());
      attempts[i].append = *std::move(prepared);
      waiting.push_back(&attempts[i]);
    }
    internal::Appender appender(options, reader);
    const auto ran = appender.run_group(
        waiting, [&](std::size_t from) { return std::span(waiting).subspan(from); });
    ASSERT_EQ(ran.taken, group.size());
    GlobalPosition head{all_hold ? 1U : 6U};
    for (std::size_t i = 0; i < group.size(); ++i) {
      SCOPED_TRACE("append " + std::to_string(i));
      const Result<Receipt>& outcome = *attempts[i].outcome;
      if (group[i].second) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, *group[i].second) << to_string(outcome.error());
        continue;
      }
      ASSERT_TRUE(outcome) << to_string(outcome.error());
      head.value += group[i].first.events.size();
      EXPECT_EQ(outcome->last_position, head);
      EXPECT_EQ(outcome->link, *store->link_at(head));
    }
    EXPECT_EQ(store->head().position, head);
    EXPECT_EQ(*store->stream_version("a-1"), StreamVersion{before + 2});
    EXPECT_EQ(*store->stream_version("b-1"), StreamVersion{all_hold ? 2U : 4U});
    EXPECT_EQ(read_all(*store, {.query = Query::tag("red")})->size(), before + 3);
    const Stats stats = store->stats();
    EXPECT_EQ(stats.streams, 2U);
    EXPECT_EQ(stats.appends, all_hold ? 4U : 7U);
    EXPECT_EQ(store->verify({})->outcome, VerifyReport::Outcome::whole);
  }
}

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
