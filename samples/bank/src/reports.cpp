#include "reports.hpp"

#include <optional>

#include <annals/eventstore/time.hpp>

#include "account.hpp"
#include "balances.hpp"
#include "progress.hpp"
#include "statement.hpp"

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

namespace {

Result<std::optional<annals::Timestamp>> read_cut(const char* option, const std::string& text) {
  if (text.empty()) return std::optional<annals::Timestamp>();
  const auto time = annals::parse_cut_time(text);
  if (time) return time;
  return Error{ErrorCode::invalid_argument, std::string(option) + " '" + text +
                                                "' is neither a date such as 2016-12-31 nor a "
                                                "time such as 2016-12-31T12:00:00Z"};
}

std::string date_of(annals::Timestamp time) { return annals::to_string(time).substr(0, 10); }

}  // namespace

int print_accounts(const Session& session) {
  auto store = annals::open_log_event_store(session.to_read());
  if (!store) return failed(store.error());
  const auto customers = fold<Customers>(**store, annals::Query::category(Account::category));
  if (!customers) return failed(customers.error());

  Answer answer({"account", "owner", "status", "currency", "balance", "overdraft"});
  for (const auto& [id, account] : customers->accounts) {
    answer.add({id, account.owner, std::string(name_of(account.status)),
                std::string(account.balance.currency()), account.balance, account.overdraft});
  }
  answer.print(session.output);
  return exit_done;
}

int print_balances(const Session& session, const std::string& as_of, const std::string& known_at) {
  const auto effective_cut = read_cut("--as-of", as_of);
  if (!effective_cut) return failed(effective_cut.error());
  const auto known_cut = read_cut("--known-at", known_at);
  if (!known_cut) return failed(known_cut.error());
  auto store = annals::open_log_event_store(session.to_read());
  if (!store) return failed(store.error());
  const auto movements = read_movements(**store);
  if (!movements) return failed(movements.error());
  const auto balances =
      balances_of(*movements, {.effective_at = *effective_cut, .known_at = *known_cut});
  if (!balances) return failed(balances.error());

  Answer answer({"account", "balance"});
  for (const auto& [account, balance] : *balances) answer.add({account, balance});
  answer.print(session.output);
  return exit_done;
}

int print_statement(const Session& session, const std::string& account) {
  auto store = annals::open_log_event_store(session.to_read());
  if (!store) return failed(store.error());
  for (const char* category : {Account::category, LedgerAccount::category}) {
    const auto stream = annals::stream_name(category, account);
    const auto statement = fold<Statement>(**store, annals::Query::stream(stream));
    if (!statement) return failed(statement.error());
    if (statement->lines.empty()) continue;

    Answer answer({"version", "date", "event", "text", "amount", "balance"});
    for (const Statement::Line& line : statement->lines) {
      answer.add({static_cast<std::int64_t>(line.version), date_of(line.effective_at), line.what,
                  line.text, line.amount, line.balance});
    }
    answer.print(session.output);
    return exit_done;
  }
  return failed({ErrorCode::stream_not_found, "there is no account '" + account + "'"});
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
  const auto report = annals::verify_log_files(session.to_read(), options);
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
