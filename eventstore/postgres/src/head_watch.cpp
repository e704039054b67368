#include "head_watch.hpp"

#include <algorithm>
#include <charconv>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace annals::internal {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds between_announcements{5};
constexpr milliseconds between_tries{200};  // To get a session.
constexpr milliseconds without_work{3'600'000};

std::uint64_t number_in(const std::string& payload) {
  std::uint64_t number = 0;
  std::from_chars(payload.data(), payload.data() + payload.size(), number);
  return number;
}

}  // namespace

HeadWatch::HeadWatch(const PostgresOptions& options, const LogReader& reader)
    : options_(options), reader_(reader), nudged_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

HeadWatch::~HeadWatch() {
  stopping_ = true;
  nudge();
  if (thread_.joinable()) thread_.join();
  ::close(nudged_);
}

void HeadWatch::start() {
  std::call_once(started_, [this] { thread_ = std::thread([this] { run(); }); });
}

void HeadWatch::nudge() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto wrote = ::write(nudged_, &one, sizeof one);
}

void HeadWatch::saw(GlobalPosition head) {
  std::uint64_t known = known_.load();
  while (known < head.value) {
    if (!known_.compare_exchange_weak(known, head.value)) continue;
    wake();
    return;
  }
}

void HeadWatch::appended(GlobalPosition head) {
  saw(head);
  start();
  // The thread that takes it out sees the newest; only the first of many has to nudge it.
  if (to_announce_.exchange(head.value) == 0) nudge();
}

void HeadWatch::wait_beyond(GlobalPosition position, steady_clock::time_point until,
                            const std::function<bool()>& stopped) {
  if (known() > position || steady_clock::now() >= until) return;
  ++waiting_;
  start();
  nudge();
  {
    std::unique_lock lock(mutex_);
    woken_.wait_until(lock, until, [&] { return stopped() || known() > position || diverged_; });
  }
  --waiting_;
}

void HeadWatch::wake() {
  // Taking the lock makes sure that a waiter either has not looked yet or is waiting already.
  { const std::lock_guard lock(mutex_); }
  woken_.notify_all();
  if (functions_count_.load() == 0) return;
  const std::lock_guard lock(functions_mutex_);
  for (const auto& [subscription, function] : functions_) function();
}

void HeadWatch::set_wake_function(const Subscription* subscription,
                                  std::function<void()> function) {
  const bool begins = static_cast<bool>(function);
  {
    const std::lock_guard lock(functions_mutex_);
    if (function) {
      functions_[subscription] = std::move(function);
    } else {
      functions_.erase(subscription);
    }
    functions_count_ = functions_.size();
  }
  if (begins) {
    start();
    nudge();
  }
}

bool HeadWatch::round(postgres::Connection& connection, bool& listening) {
  const auto now = steady_clock::now();
  auto sleep = without_work;
  const auto no_later_than = [&](steady_clock::time_point time) {
    sleep = std::min(sleep, std::max(milliseconds(0), std::chrono::ceil<milliseconds>(time - now)));
  };

  if (to_announce_.load() != 0) {
    const auto due = announced_at_ + between_announcements;
    if (now >= due) {
      const std::uint64_t head = to_announce_.exchange(0);
      announced_at_ = now;
      postgres::Parameters parameters;
      parameters.text(reader_.schema().channel).integer(as_bigint(head));
      if (!connection.run_prepared("SELECT pg_notify($1::text, $2::text)", parameters) &&
          connection.lost()) {
        return false;
      }
    } else {
      no_later_than(due);
    }
  }
  if (somebody_waits()) {
    bool look = now >= looked_at_ + options_.poll_interval;
    if (!listening) {
      if (!connection.listen(reader_.schema().channel) && connection.lost()) return false;
      listening = true;
      look = true;  // What was announced before is not told again.
    }
    if (look) {
      looked_at_ = now;
      const auto end = reader_.end();
      if (end) saw(end->head.position);
      diverged_ = !end && end.error().code == ErrorCode::diverged;
      if (diverged_) wake();
    }
    no_later_than(looked_at_ + options_.poll_interval);
  }

  pollfd watched[] = {{nudged_, POLLIN, 0}, {connection.socket(), POLLIN, 0}};
  ::poll(watched, 2, static_cast<int>(sleep.count()));
  std::uint64_t nudges = 0;
  [[maybe_unused]] const auto read = ::read(nudged_, &nudges, sizeof nudges);
  const auto heard = connection.take_notifications();
  if (!heard) return false;
  for (const postgres::Notification& one : *heard) saw({number_in(one.payload)});
  return true;
}

void HeadWatch::run() {
  postgres::ConnectionOptions options = connection_options(options_);
  options.statement_timeout = std::chrono::seconds(5);
  // What it announces is on disk already, and an announcement never is: a sync for each would be
  // one more that appends wait for.
  options.settings.emplace_back("synchronous_commit", "off");
  while (!stopping_) {
    const auto connection = postgres::Connection::open(options);
    if (connection) {
      bool listening = false;
      while (!stopping_ && round(**connection, listening)) {
      }
    }
    if (stopping_) return;
    pollfd watched{nudged_, POLLIN, 0};
    ::poll(&watched, 1, static_cast<int>(between_tries.count()));
  }
}

}  // namespace annals::internal
