#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <vector>

#include "append_call.hpp"
#include "commit_queue.hpp"
#include "log_reader.hpp"

namespace annals::internal {

/// The writing half: groups of appends, each in one call of the database's append(), on a session
/// of its own. Knows what to do when the session is lost on the way: the call may have taken effect
/// or not, and it looks.
class Appender {
 public:
  Appender(const PostgresOptions& options, const LogReader& reader)
      : options_(options), reader_(reader), sql_(AppendCall::sql(reader.schema())) {}

  /// Runs one group from the front of the attempts and settles them. If many more wait behind it,
  /// the next group is formed while the server works on this one, and sent before this one is
  /// settled: the server need not wait for us. One thread at a time.
  CommitQueue::Ran run_group(std::span<Attempt* const> attempts, const CommitQueue::Behind& behind);

  /// Gives the ids up: attempts that began before this call and are not recorded when it returns
  /// never will be. Returns those that are recorded. On any session; thread-safe.
  postgres::SqlResult<std::vector<LogReader::Found>> give_up(postgres::Connection& connection,
                                                             std::span<const AppendId> ids);

  /// Forgets ids that were given up more than a day ago: an attempt that hangs on its way for
  /// longer is not thought of any more.
  postgres::SqlDone forget_given_up(postgres::Connection& connection);

  /// Counts up with each id given up: what an attempt notes when it begins. Thread-safe.
  std::uint64_t attempt_now() const { return attempt_now_.load(); }
  void saw_attempt(std::uint64_t number);

  using Answer = std::future<postgres::SqlResult<postgres::Rows>>;
  /// Runs a call beside its group: on a thread of its own, if the system has one to give. May throw
  /// std::system_error if not. For tests to replace.
  std::function<Answer(std::function<postgres::SqlResult<postgres::Rows>()>)> run_beside =
      [](auto call) { return std::async(std::launch::async, std::move(call)); };

  /// Called with each new head, by the thread in run_group().
  std::function<void(const Head&)> on_written = [](const Head&) {};

  struct Counters {
    std::atomic<std::uint64_t> groups = 0, appends = 0, repeated = 0, refused = 0, saved = 0;
  };
  Counters counters;

 private:
  /// A group with its call.
  struct Flight {
    AppendCall call;
    AppendCall::Rules rules = {};
    postgres::Parameters parameters = {};
    Answer answer = {};  // Not valid: not sent yet.
  };

  /// A call of as many of the attempts as it takes. REQUIRES: a session, if there can be one.
  std::unique_ptr<Flight> formed(std::span<Attempt* const> attempts) const;
  bool has_session() const { return connection_ && !connection_->lost(); }
  /// Makes sure that there is a session.
  Result<void> connect();
  AppendCall::Rules rules() const;
  postgres::SqlResult<postgres::Rows> call(const Flight& flight);
  /// Begins the call on a thread of its own, which has the session until the answer is there.
  /// False: there is no thread to be had, and nothing was sent.
  bool send(Flight& flight);
  void settle(Flight& flight, const postgres::SqlResult<postgres::Rows>& rows);
  void settle_all(std::span<Attempt* const> attempts, const Error& error);
  void settle_repeats(std::span<Attempt* const> attempts);
  /// After the session was lost in a call: looks which of its appends are recorded.
  void settle_in_doubt(std::span<Attempt* const> attempts, const postgres::SqlError& why);

  const PostgresOptions& options_;
  const LogReader& reader_;
  const std::string sql_;
  std::unique_ptr<postgres::Connection> connection_;
  std::unique_ptr<Flight> next_;  // Formed behind the last group, and sent unless that one failed.
  std::atomic<std::uint64_t> attempt_now_ = 0;
  std::atomic<std::uint64_t> given_up_ = 0;
};

}  // namespace annals::internal
