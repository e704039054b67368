#include "reports.hpp"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <annals/eventstore/time.hpp>
#include <annals/queries/query_bus.hpp>

#include "interruption.hpp"
#include "monitor.hpp"
#include "progress.hpp"
#include "queries.hpp"
#include "read_side.hpp"

namespace bank {

using annals::Consistency;
using annals::Error;
using annals::ErrorCode;

namespace {

std::string text_of(std::chrono::year_month_day day) {
  return annals::to_string(annals::Timestamp(std::chrono::sys_days(day))).substr(0, 10);
}

/// The words were right, whatever the error is.
int could_not_open(const Error& error) {
  failed(error);
  return exit_failed;
}

/// Asks, gives each row of the answer to `add`, and prints what that has made.
template <typename Query, typename Add>
int print(const Reading& reading, const Session& session, std::vector<std::string> columns,
          const Query& query, const Consistency& consistency, Add add) {
  const auto found = reading.side->queries().ask(query, consistency);
  if (!found) return failed(found.error());
  Answer answer(std::move(columns));
  for (const auto& row : found->value) add(answer, row);
  answer.print(session.output);
  return exit_done;
}

template <typename Query, typename Add>
int print(const Session& session, std::vector<std::string> columns, const Query& query,
          const Consistency& consistency, Add add) {
  auto reading = Reading::open(session);
  if (!reading) return could_not_open(reading.error());
  return print(*reading, session, std::move(columns), query, consistency, std::move(add));
}

int print_lines(const Reading& reading, const Session& session, const auto& query) {
  return print(reading, session, {"account", "number", "date", "event", "text", "amount"}, query,
               Consistency::strong(), [](Answer& answer, const StatementLine& line) {
                 answer.add({line.account, static_cast<std::int64_t>(line.number),
                             text_of(line.date), line.what, line.text, line.amount});
               });
}

int print_lines(const Session& session, const auto& query) {
  auto reading = Reading::open(session);
  if (!reading) return could_not_open(reading.error());
  return print_lines(*reading, session, query);
}

using BalanceMap = std::map<std::string, Money>;

BalanceMap by_account(const std::vector<AccountBalance>& rows) {
  BalanceMap balances;
  for (const AccountBalance& row : rows) balances[row.account] = row.balance;
  return balances;
}

/// One row for each account that has another balance.
Answer difference(const BalanceMap& before, const BalanceMap& after) {
  Answer answer({"account", "before", "after", "change"});
  BalanceMap accounts = before;
  accounts.insert(after.begin(), after.end());
  for (const auto& [account, unused] : accounts) {
    const auto balance_in = [&, name = account](const BalanceMap& balances) {
      const auto found = balances.find(name);
      return found == balances.end() ? Money{} : found->second;
    };
    const Money change = balance_in(after) - balance_in(before);
    if (!change.is_zero()) answer.add({account, balance_in(before), balance_in(after), change});
  }
  return answer;
}

}  // namespace

int print_accounts(const Session& session, const std::string& owner) {
  return print(session, {"account", "owner", "status", "currency", "balance", "overdraft"},
               FindCustomers{owner}, Consistency::strong(),
               [](Answer& answer, const CustomerAccount& row) {
                 answer.add({row.account, row.owner, std::string(name_of(row.status)),
                             std::string(row.balance.currency()), row.balance, row.overdraft});
               });
}

int print_balances(const Session& session, const CutWords& cut) {
  const auto consistency = consistency_of(cut);
  if (!consistency) return failed(consistency.error());
  return print(session, {"account", "balance"}, AllBalances{}, *consistency,
               [](Answer& answer, const AccountBalance& row) {
                 answer.add({row.account, row.balance});
               });
}

int print_difference(const Session& session, const CutWords& from, const CutWords& to) {
  const auto first = consistency_of(from);
  if (!first) return failed(first.error());
  const auto second = consistency_of(to);
  if (!second) return failed(second.error());
  auto reading = Reading::open(session);
  if (!reading) return could_not_open(reading.error());
  const auto before = reading->side->queries().ask(AllBalances{}, *first);
  if (!before) return failed(before.error());
  const auto after = reading->side->queries().ask(AllBalances{}, *second);
  if (!after) return failed(after.error());
  try {
    difference(by_account(before->value), by_account(after->value)).print(session.output);
  } catch (const annals::MoneyError& error) {
    return failed({ErrorCode::invalid_argument, error.what()});
  }
  return exit_done;
}

int watch_balances(const Session& session, const std::string& metrics) {
  auto reading = Reading::begin(session);
  if (!reading) return could_not_open(reading.error());
  std::unique_ptr<Monitor> monitor;
  if (!metrics.empty()) {
    auto served = serve_metrics(metrics, *reading->events, *reading->side);
    if (!served) return failed(served.error());
    monitor = std::move(*served);
    Answer where({"metrics"});
    where.add({monitor->url()});
    where.print(session.output);
    std::fflush(stdout);
  }
  if (auto caught_up = reading->side->catch_up(); !caught_up) {
    return could_not_open(caught_up.error());
  }
  catch_interruptions();
  auto live = reading->side->queries().watch(AllBalances{}, Consistency::strong());
  BalanceMap shown;
  while (!interrupted()) {
    auto answer = live.next(std::chrono::milliseconds(100));
    if (!answer) return failed(answer.error());
    if (!*answer) continue;
    BalanceMap now = by_account((*answer)->value);
    const Answer changes = difference(shown, now);
    if (changes.size() > 0) changes.print(session.output);
    std::fflush(stdout);
    shown = std::move(now);
  }
  return exit_done;
}

int print_statement(const Session& session, const std::string& account) {
  auto reading = Reading::open(session);
  if (!reading) return could_not_open(reading.error());
  const auto entries = reading->side->queries().ask(StatementOf{account}, Consistency::strong());
  if (!entries) return failed(entries.error());
  if (entries->value.empty()) {
    return failed({ErrorCode::stream_not_found, "there is no account '" + account + "'"});
  }
  Answer answer({"version", "date", "event", "text", "amount", "balance"});
  for (const auto& [line, balance] : entries->value) {
    answer.add({static_cast<std::int64_t>(line.number), text_of(line.date), line.what, line.text,
                line.amount, balance});
  }
  answer.print(session.output);
  return exit_done;
}

int print_largest(const Session& session, std::int64_t count) {
  return print_lines(session, LargestMovements{count});
}

int print_found(const Session& session, const std::string& text) {
  return print_lines(session, FindMovements{text});
}

int print_books(const Session& session, const std::string& account, const std::string& first,
                const std::string& last) {
  BooksBetween query{.account = account,
                     .first = std::chrono::year(1) / 1 / 1,
                     .last = std::chrono::year(9999) / 12 / 31};
  for (const auto& [text, day] : {std::pair(&first, &query.first), std::pair(&last, &query.last)}) {
    if (text->empty()) continue;
    const auto time = annals::parse_cut_time(*text);
    if (!time || text->size() != 10) {
      return failed({ErrorCode::invalid_argument, "'" + *text + "' is no date such as 2016-12-31"});
    }
    *day = day_of(*time);
  }
  if (query.last < query.first) {
    return failed({ErrorCode::invalid_argument, "--to " + last + " is before --from " + first});
  }
  auto reading = Reading::open(session);
  if (!reading) return could_not_open(reading.error());
  // No movement in these days is an answer; no such account is a mistake.
  const auto any = reading->side->queries().ask(HasBooks{account}, Consistency::strong());
  if (!any) return failed(any.error());
  if (!any->value) {
    return failed({ErrorCode::stream_not_found, "the books have no account '" + account + "'"});
  }
  return print_lines(*reading, session, query);
}

int print_totals(const Session& session) {
  return print(session, {"day", "in", "out", "movements"}, AllDailyTotals{}, Consistency::strong(),
               [](Answer& answer, const DailyTotal& row) {
                 answer.add({row.day, Money::of_minor(row.in_minor, row.currency),
                             Money::of_minor(row.out_minor, row.currency), row.movements});
               });
}

int project(const Session& session) {
  auto reading = Reading::open(session);
  if (!reading) return could_not_open(reading.error());
  const auto records = reading->side->rows().records();
  if (!records) return failed(records.error());
  Answer answer({"projection", "position", "head", "tables"});
  for (const annals::CheckpointRecord& record : annals::wholes_of(*records)) {
    std::string tables;
    for (const std::string& table : record.tables) tables += (tables.empty() ? "" : " ") + table;
    answer.add({record.projection, static_cast<std::int64_t>(record.position().value),
                static_cast<std::int64_t>(reading->events->head().position.value), tables});
  }
  answer.print(session.output);
  return exit_done;
}

int print_verification(const Session& session) {
  constexpr int exit_changed = 1;
  constexpr int exit_incomplete = 2;
  constexpr int exit_could_not_run = 3;

  std::optional<Progress> progress;
  annals::VerifyOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t all) {
    if (!progress) progress.emplace("Positions verified", all);
    progress->show(done);
    return true;
  };
  const auto report = session.verify(options);
  progress.reset();
  if (!report) {
    failed(report.error());
    return exit_could_not_run;
  }

  Answer answer({"outcome", "appends", "events", "position", "link"});
  answer.add({std::string(annals::to_string(report->outcome)),
              static_cast<std::int64_t>(report->appends), static_cast<std::int64_t>(report->events),
              static_cast<std::int64_t>(report->position.value), annals::to_string(report->link)});
  answer.print(session.output);
  if (report->first_bad) {
    const auto& bad = *report->first_bad;
    failed({.code = ErrorCode::corrupt,
            .message = bad.what + ", positions " + annals::to_string(bad.first) + " to " +
                       annals::to_string(bad.last),
            .place = bad.place});
  }
  switch (report->outcome) {
    case annals::VerifyReport::Outcome::whole: return exit_done;
    case annals::VerifyReport::Outcome::changed: return exit_changed;
    case annals::VerifyReport::Outcome::incomplete: return exit_incomplete;
  }
  return exit_could_not_run;
}

}  // namespace bank
