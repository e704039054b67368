#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include <annals/commands/command_bus.hpp>

#include "attempt.hpp"
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
        workers_(
            options_.workers, options_.in_flight_max,
            {.begin = [this](Job& job) { begin(job); },
             .conclude = [this](Job& job,
                                Result<Receipt> result) { conclude(job, std::move(result)); }}) {
    options_.retry.tries_max = std::max<std::uint32_t>(options_.retry.tries_max, 1);
  }

  void add_handler(const CommandHandler& handler) {
    const auto [place, fresh] = handlers_.try_emplace(std::string(handler.type->name));
    if (fresh) {
      place->second.handler = &handler;
    } else if (place->second.handler != &handler) {
      place->second.rivals =
          std::string(place->second.handler->owner) + " and " + std::string(handler.owner);
    }
  }

  void intercept(Interceptor interceptor) { interceptors_.push_back(std::move(interceptor)); }

  Answer send(std::string_view target, AnyCommand command, CommandOptions options);
  void send_async(std::string_view target, AnyCommand command, CommandOptions options,
                  CommandCompletion completion);
  Result<AnyCommand> read_command(std::string_view name, std::string_view json) const;

  /// An answer for a command that never became a job.
  Answer refused(Error error, const CommandOptions& options) {
    ++sent_;
    if (!error.append_id) error.append_id = options.id;
    Answer answer = std::move(error);
    count(answer);
    return answer;
  }

  void wait_idle() { workers_.wait_idle(); }

  std::vector<const CommandHandler*> handlers() const {
    std::vector<const CommandHandler*> result;
    for (const auto& [name, entry] : handlers_) result.push_back(entry.handler);
    return result;
  }

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
  struct Entry {
    const CommandHandler* handler = nullptr;
    std::string rivals;  // Not empty: two types handle this command.
  };

  Result<const CommandHandler*> find_handler(std::string_view name) const;
  Result<void> prepare(Job& job);
  Result<void> run_interceptors(Job& job);
  Result<Boundary> boundary_of(const Job& job) const;

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
  std::map<std::string, Entry, std::less<>> handlers_;
  std::vector<Interceptor> interceptors_;

  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> no_events_ = 0;
  std::atomic<std::uint64_t> repeated_ = 0;
  std::atomic<std::uint64_t> rejected_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;

  internal::WorkerPool workers_;  // Last: its threads use all of the above.
};

namespace {

Error wrong(const Job& job, const std::string& why) {
  return Error{.code = ErrorCode::invalid_argument,
               .message = "command " + std::string(job.command->name()) + ": " + why};
}

constexpr std::size_t usual_text_bytes = 160;

void fill(Job& job, std::string_view target, AnyCommand command, CommandOptions options) {
  job.target = target;
  job.command = std::move(command);
  job.id_given = options.id.has_value();
  job.id = options.id ? *options.id : new_append_id();
  job.options = std::move(options);
}

// What a repeat is compared by. Names and targets have no control characters.
Result<void> write_text(Job& job) {
  job.text.reserve(usual_text_bytes);
  job.text = job.command->name();
  job.text += '\0';
  job.text += job.target;
  job.text += '\0';
  job.json_begin = job.text.size();
  auto written = write_command(*job.command, job.text);
  if (written) job.digest = request_digest_of(job.text);
  return written;
}

}  // namespace

Result<const CommandHandler*> CommandBus::Impl::find_handler(std::string_view name) const {
  const auto found = handlers_.find(name);
  if (found == handlers_.end()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "command " + std::string(name) +
                            ": nothing that was added to this bus handles it"};
  }
  if (!found->second.rivals.empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "command " + std::string(name) +
                            " is handled by two types added to this bus: " + found->second.rivals};
  }
  return found->second.handler;
}

Result<AnyCommand> CommandBus::Impl::read_command(std::string_view name,
                                                  std::string_view json) const {
  auto handler = find_handler(name);
  if (!handler) return std::move(handler).error();
  return decode_command(*(*handler)->type, json);
}

Result<void> CommandBus::Impl::prepare(Job& job) {
  auto handler = find_handler(job.command->name());
  if (!handler) return std::move(handler).error();
  job.handler = *handler;
  if (job.handler->type != &job.command->type()) {
    return wrong(job, "the type sent is not the one that " + std::string(job.handler->owner) +
                          " handles under this name");
  }
  const bool single = job.handler->aggregate != nullptr;
  if (single && job.target.empty()) {
    return wrong(job, "needs the id of the " + std::string(job.handler->owner) + " it is for");
  }
  if (!single && !job.target.empty()) {
    return wrong(
        job, "names its own boundary and takes no target, but was sent to '" + job.target + "'");
  }
  if (auto written = write_text(job); !written) return written;
  if (auto passed = run_interceptors(job); !passed) return passed;
  if (single) {
    job.boundary.add(*job.handler->aggregate, job.target);
    return {};
  }
  auto boundary = boundary_of(job);
  if (!boundary) return std::move(boundary).error();
  job.boundary = *std::move(boundary);
  const auto& aggregates = job.boundary.aggregates();
  for (std::size_t i = 0; i < aggregates.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (aggregates[i].stream == aggregates[j].stream) {
        return wrong(job, "its boundary names stream " + aggregates[i].stream +
                              " as two types of aggregate");
      }
    }
  }
  return {};
}

Result<void> CommandBus::Impl::run_interceptors(Job& job) {
  if (interceptors_.empty()) return {};
  CommandContext context(*job.command, job.target, job.json(), job.id, job.options);
  Result<void> passed;
  for (const Interceptor& interceptor : interceptors_) {
    try {
      passed = interceptor(context);
    } catch (const std::exception& thrown) {
      passed = wrong(job, std::string("an interceptor threw: ") + thrown.what());
    } catch (...) {
      passed = wrong(job, "an interceptor threw what is no std::exception");
    }
    if (!passed) break;
  }
  job.observers = context.take_observers();
  return passed;
}

Result<Boundary> CommandBus::Impl::boundary_of(const Job& job) const {
  try {
    return job.handler->boundary(job.command->data());
  } catch (const std::exception& thrown) {
    return wrong(job, std::string("boundary threw: ") + thrown.what());
  } catch (...) {
    return wrong(job, "boundary threw what is no std::exception");
  }
}

Answer CommandBus::Impl::send(std::string_view target, AnyCommand command, CommandOptions options) {
  ++sent_;
  Job job;
  fill(job, target, std::move(command), std::move(options));
  const auto answer_with = [&](Answer answer) {
    if (!answer && !answer.error().append_id) answer.error().append_id = job.id;
    count(answer);
    observe(job, answer);
    return answer;
  };
  if (workers_.on_worker()) {
    return answer_with(wrong(job,
                             "send() was called by a completion, on a thread of the bus that "
                             "others wait for: use send_async()"));
  }
  if (auto prepared = prepare(job); !prepared) return answer_with(std::move(prepared).error());

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
  fill(*job, target, std::move(command), std::move(options));
  job->completion = std::move(completion);
  if (auto prepared = prepare(*job); !prepared) {
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
  impl_->intercept(std::move(interceptor));
  return *this;
}

void CommandBus::add_handler(const CommandHandler& handler) { impl_->add_handler(handler); }

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
  auto command = impl_->read_command(name, json);
  if (!command) return impl_->refused(std::move(command).error(), options);
  return impl_->send(target, *std::move(command), std::move(options));
}

void CommandBus::send_json_async(std::string_view name, std::string_view target,
                                 std::string_view json, CommandOptions options,
                                 CommandCompletion completion) {
  auto command = impl_->read_command(name, json);
  if (!command) {
    completion(impl_->refused(std::move(command).error(), options));
    return;
  }
  impl_->send_async(target, *std::move(command), std::move(options), std::move(completion));
}

void CommandBus::wait_idle() { impl_->wait_idle(); }

std::vector<const CommandHandler*> CommandBus::handlers() const { return impl_->handlers(); }

StateLoader& CommandBus::loader() noexcept { return impl_->loader(); }

BusStats CommandBus::stats() const { return impl_->stats(); }

}  // namespace annals
