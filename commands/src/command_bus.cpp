#include <atomic>
#include <condition_variable>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include <annals/commands/command_bus.hpp>

#include "attempt.hpp"
#include "intake.hpp"
#include "job.hpp"
#include "lane_table.hpp"
#include "worker_pool.hpp"

namespace annals {

using internal::Answer;
using internal::Job;

class CommandBus::Impl {
 public:
  Impl(EventStore& store, BusOptions options)
      : store_(store),
        options_(std::move(options)),
        loader_(store, options_.loader),
        attempts_(store, loader_, options_.retry),
        lanes_(options_.cached_states_max),
        intake_(options_.loader.upcasters),
        workers_(
            options_.workers, options_.in_flight_max,
            {.begin = [this](Job& job) { begin(job); },
             .conclude = [this](Job& job,
                                Result<Receipt> result) { conclude(job, std::move(result)); }}) {}

  Answer send(std::string_view target, AnyCommand command, CommandOptions options);
  void send_async(std::string_view target, AnyCommand command, CommandOptions options,
                  CommandCompletion completion);
  internal::Intake& intake() noexcept { return intake_; }

  /// An answer for a command that never became a job.
  Answer refused(Error error, const CommandOptions& options) {
    ++sent_;
    error.append_id = options.id ? *options.id : new_append_id();
    Answer answer = std::move(error);
    count(answer);
    return answer;
  }

  void wait_idle() { workers_.wait_idle(); }

  StateLoader& loader() noexcept { return loader_; }

  BusStats stats() const {
    return {.sent = sent_,
            .accepted = accepted_,
            .no_events = no_events_,
            .repeated = repeated_,
            .rejected = rejected_,
            .failed = failed_,
            .conflicts = attempts_.conflicts,
            .cache_hits = attempts_.cache_hits,
            .cache_misses = attempts_.cache_misses,
            .cached_states = lanes_.cached_states(),
            .in_flight = workers_.in_flight(),
            .loads = loader_.stats()};
  }

 private:
  void begin(Job& job);
  void conclude(Job& job, Result<Receipt> result);
  void finish(Job& job, Answer answer);
  void observe(Job& job, const Answer& answer);
  void count(const Answer& answer);

  EventStore& store_;
  BusOptions options_;
  StateLoader loader_;
  internal::Attempts attempts_;
  internal::LaneTable lanes_;
  internal::Intake intake_;

  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> no_events_ = 0;
  std::atomic<std::uint64_t> repeated_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;

  internal::WorkerPool workers_;  // Last: its threads use all of the above.
};

Answer CommandBus::Impl::send(std::string_view target, AnyCommand command, CommandOptions options) {
  ++sent_;
  Job job;
  internal::fill(job, target, std::move(command), std::move(options));
  const auto answer_with = [&](Answer answer) {
    if (!answer && !answer.error().append_id) answer.error().append_id = job.id;
    count(answer);
    observe(job, answer);
    return answer;
  };
  if (workers_.on_worker()) {
    return answer_with(internal::wrong(job,
                                       "send() was called by a completion, on a thread of the bus "
                                       "that others wait for: use send_async()"));
  }
  if (auto prepared = intake_.prepare(job); !prepared)
    return answer_with(std::move(prepared).error());

  std::condition_variable waker;
  job.waker = &waker;
  if (!lanes_.enter(job)) lanes_.await(job);
  for (;;) {
    auto next = attempts_.begin(job);
    std::optional<Answer> answer;
    if (auto* final = std::get_if<Answer>(&next)) {
      answer = std::move(*final);
    } else {
      answer = attempts_.conclude(job, store_.append(std::get<AppendRequest>(std::move(next))));
    }
    if (answer) {
      workers_.post_ready(lanes_.leave(job));
      return answer_with(*std::move(answer));
    }
    const auto delay = attempts_.delay(job);
    if (delay.count() == 0) continue;
    if (options_.retry.sleep) {
      options_.retry.sleep(delay);
    } else {
      std::this_thread::sleep_for(delay);
    }
  }
}

void CommandBus::Impl::send_async(std::string_view target, AnyCommand command,
                                  CommandOptions options, CommandCompletion completion) {
  ++sent_;
  auto job = workers_.take_in();
  internal::fill(*job, target, std::move(command), std::move(options));
  job->completion = std::move(completion);
  if (auto prepared = intake_.prepare(*job); !prepared) {
    // Its completion runs here and may send; this command still counts, so waiting for room could
    // wait for itself.
    const internal::WorkerPool::Guest guest(workers_);
    return finish(*job.release(), std::move(prepared).error());
  }
  Job& entering = *job.release();  // From here on it owns itself: finish() takes it back.
  if (lanes_.enter(entering)) workers_.post_ready({&entering});
}

void CommandBus::Impl::begin(Job& job) {
  auto next = attempts_.begin(job);
  if (auto* answer = std::get_if<Answer>(&next)) return finish(job, std::move(*answer));
  store_.append_async(
      std::get<AppendRequest>(std::move(next)),
      [this, &job](Result<Receipt> result) { workers_.post_appended(job, std::move(result)); });
}

void CommandBus::Impl::conclude(Job& job, Result<Receipt> result) {
  auto answer = attempts_.conclude(job, std::move(result));
  if (answer) return finish(job, *std::move(answer));
  const auto delay = attempts_.delay(job);
  if (delay.count() == 0) {
    workers_.post_ready({&job});
  } else {
    workers_.post_at(job, delay);
  }
}

// The answer comes before the lanes are left: with several workers the next command of the stream
// could be answered first otherwise.
void CommandBus::Impl::finish(Job& job, Answer answer) {
  std::unique_ptr<Job> owned(&job);
  if (!answer && !answer.error().append_id) answer.error().append_id = job.id;
  count(answer);
  observe(job, answer);
  try {
    job.completion(std::move(answer));
  } catch (...) {  // NOLINT(bugprone-empty-catch): documented; nobody is left to tell.
  }
  if (!job.tickets.empty()) workers_.post_ready(lanes_.leave(job));
  workers_.let_go(std::move(owned));
}

void CommandBus::Impl::observe(Job& job, const Answer& answer) {
  for (auto observer = job.observers.rbegin(); observer != job.observers.rend(); ++observer) {
    try {
      (*observer)(answer);
    } catch (...) {  // NOLINT(bugprone-empty-catch): documented.
    }
  }
}

void CommandBus::Impl::count(const Answer& answer) {
  if (!answer) {
    ++(answer.error().code == ErrorCode::rejected ? rejected_ : failed_);
  } else if (answer->repeated()) {
    ++repeated_;
  } else {
    ++(answer->no_events ? no_events_ : accepted_);
  }
}

CommandBus::CommandBus(EventStore& store, BusOptions options)
    : impl_(std::make_unique<Impl>(store, std::move(options))) {}
CommandBus::~CommandBus() = default;

CommandBus& CommandBus::intercept(Interceptor interceptor) {
  impl_->intake().intercept(std::move(interceptor));
  return *this;
}

void CommandBus::add_handler(const CommandHandler& handler) {
  impl_->intake().add_handler(handler);
}

Result<CommandReceipt> CommandBus::send_any(std::string_view target, AnyCommand command,
                                            CommandOptions options) {
  return impl_->send(target, std::move(command), std::move(options));
}

void CommandBus::send_any_async(std::string_view target, AnyCommand command, CommandOptions options,
                                CommandCompletion completion) {
  impl_->send_async(target, std::move(command), std::move(options), std::move(completion));
}

std::future<Result<CommandReceipt>> CommandBus::send_any_async(std::string_view target,
                                                               AnyCommand command,
                                                               CommandOptions options) {
  // std::function wants a copyable closure, and a promise cannot be copied.
  auto promise = std::make_shared<std::promise<Result<CommandReceipt>>>();
  auto future = promise->get_future();
  impl_->send_async(
      target, std::move(command), std::move(options),
      [promise](Result<CommandReceipt> answer) { promise->set_value(std::move(answer)); });
  return future;
}

Result<CommandReceipt> CommandBus::send_json(std::string_view name, std::string_view target,
                                             std::string_view json, CommandOptions options) {
  auto command = impl_->intake().read_command(name, json);
  if (!command) return impl_->refused(std::move(command).error(), options);
  return impl_->send(target, *std::move(command), std::move(options));
}

void CommandBus::send_json_async(std::string_view name, std::string_view target,
                                 std::string_view json, CommandOptions options,
                                 CommandCompletion completion) {
  auto command = impl_->intake().read_command(name, json);
  if (!command) {
    completion(impl_->refused(std::move(command).error(), options));
    return;
  }
  impl_->send_async(target, *std::move(command), std::move(options), std::move(completion));
}

void CommandBus::wait_idle() { impl_->wait_idle(); }

std::vector<const CommandHandler*> CommandBus::handlers() const {
  return impl_->intake().handlers();
}

StateLoader& CommandBus::loader() noexcept { return impl_->loader(); }

BusStats CommandBus::stats() const { return impl_->stats(); }

}  // namespace annals
