#include "process.hpp"

#include <csignal>
#include <sstream>
#include <utility>

#include <sys/wait.h>

namespace annals::chaos {

Process::Process(std::vector<std::string> words, OnEnd on_end)
    : words_(std::move(words)), on_end_(std::move(on_end)) {}

void Process::start() {
  frozen_until_.reset();
  program_ = std::make_unique<test::Program>(words_);
}

void Process::kill() {
  program_->signal(SIGKILL);
  bury(false);
  start();
}

void Process::freeze(std::chrono::milliseconds time) {
  program_->signal(SIGSTOP);
  frozen_until_ = std::chrono::steady_clock::now() + time;
}

void Process::let_go_on() {
  if (!frozen_until_) return;
  program_->signal(SIGCONT);
  frozen_until_.reset();
}

void Process::tend() {
  if (frozen_until_ && std::chrono::steady_clock::now() >= *frozen_until_) let_go_on();
  if (!has_ended()) return;
  bury(true);
  start();
}

void Process::end() {
  let_go_on();
  const bool by_itself = has_ended();
  program_->signal(SIGTERM);
  bury(by_itself);
}

bool Process::has_ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(program_->pid()), &info, WEXITED | WNOHANG | WNOWAIT) ==
             0 &&
         info.si_pid != 0;
}

void Process::bury(bool by_itself) {
  const test::Ended ended = program_->wait();
  program_.reset();
  // It may have begun while the database was away.
  if (by_itself && ended.err.find("unavailable") == std::string::npos) {
    complaints_.push_back(words_.front() + " ended with " + std::to_string(ended.exit_code) + ": " +
                          ended.err);
  }
  const auto lines = test::split_lines(ended.out);
  if (lines.empty()) return;
  std::istringstream last(lines.back());
  std::vector<std::string> said;
  for (std::string word; last >> word;) said.push_back(word);
  on_end_(said);
}

}  // namespace annals::chaos
