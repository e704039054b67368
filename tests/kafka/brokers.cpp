#include "brokers.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include <sys/types.h>
#include <unistd.h>

namespace annals::kafka_test {

namespace {

// What kafka_brokers.py has written: first word (and number, of a broker) → the rest of the line.
std::map<std::string, std::string> read_state(const std::string& file) {
  std::map<std::string, std::string> lines;
  std::ifstream state(file);
  for (std::string word, rest; state >> word && std::getline(state >> std::ws, rest);) {
    if (word == "broker") {
      const std::size_t blank = rest.find(' ');
      word += " " + rest.substr(0, blank);
      rest = rest.substr(blank + 1);
    }
    lines[word] = rest;
  }
  return lines;
}

std::string unique_word() {
  static std::atomic<int> count = 0;
  static const unsigned random = std::random_device{}();
  return std::to_string(::getpid()) + "-" + std::to_string(random) + "-" + std::to_string(++count);
}

int run_program(const std::string& words) {
  const std::string command = "'" ANNALS_KAFKA_PROGRAM "' " + words + " >/dev/null";
  return std::system(command.c_str());
}

const char* words_of(OwnBrokers::Kind kind) {
  switch (kind) {
    case OwnBrokers::Kind::plain: return "";
    case OwnBrokers::Kind::secure: return " --second secure";
    case OwnBrokers::Kind::proxied: return " --second proxied";
    case OwnBrokers::Kind::making_topics: return " --make-topics";
  }
  return "";
}

struct Shared {
  std::optional<std::string> addresses;
  std::string why_none;
  std::unique_ptr<OwnBrokers> own;
};

Shared find_shared() {
  Shared shared;
  if (const char* given = std::getenv("ANNALS_KAFKA_BROKERS"); given != nullptr && *given != '\0') {
    shared.addresses = given;
    return shared;
  }
  auto lines = read_state(ANNALS_KAFKA_STATE);
  if (lines.contains("brokers")) {
    const auto keeper = static_cast<pid_t>(std::atol(lines["keeper"].c_str()));
    if (keeper > 1 && ::kill(keeper, 0) == 0) {
      shared.addresses = lines["brokers"];
      return shared;
    }
  }
  if (lines.contains("none")) {
    shared.why_none = lines["none"];
    return shared;
  }
  shared.own = OwnBrokers::start(1, shared.why_none);
  if (shared.own) shared.addresses = shared.own->addresses();
  return shared;
}

const Shared& shared() {
  static const Shared found = find_shared();
  return found;
}

}  // namespace

std::optional<std::string> brokers() { return shared().addresses; }
std::string why_no_brokers() { return shared().why_none; }
std::string jars() { return ANNALS_KAFKA_JARS; }
std::string new_topic_name() { return "annals-test-" + unique_word(); }

std::unique_ptr<OwnBrokers> OwnBrokers::start(int count, std::string& why, Kind kind) {
  const char* parent = std::getenv("TMPDIR");
  std::unique_ptr<OwnBrokers> own(new OwnBrokers);
  own->state_ = std::string(parent != nullptr && *parent != '\0' ? parent : "/tmp") +
                "/kafka-test-" + unique_word();
  ::unsetenv("ANNALS_KAFKA_BROKERS");  // Those are for sharing; nobody may kill them.
  run_program("start '" + own->state_ + "' --brokers " + std::to_string(count) + words_of(kind) +
              " --jars '" + ANNALS_KAFKA_JARS "' --watch " + std::to_string(::getpid()));
  auto lines = read_state(own->state_);
  if (!lines.contains("brokers")) {
    why = lines.contains("none") ? lines["none"] : "kafka_brokers.py did not run";
    return nullptr;
  }
  own->count_ = count;
  own->addresses_ = lines["brokers"];
  own->second_addresses_ = lines["second"];
  own->advertised_ = lines["advertised"];
  own->authority_ = lines["authority"];
  return own;
}

OwnBrokers::~OwnBrokers() { run_program("stop '" + state_ + "'"); }

bool OwnBrokers::end(int number, int signal) {
  const std::string name = "broker " + std::to_string(number);
  const std::string before = read_state(state_)[name];
  if (!this->signal(number, signal)) return false;
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (read_state(state_)[name] == before) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

bool OwnBrokers::signal(int number, int signal) const {
  const std::string line = read_state(state_)["broker " + std::to_string(number)];
  const auto process = static_cast<pid_t>(std::atol(line.c_str()));
  return process > 1 && ::kill(process, signal) == 0;
}

int OwnBrokers::controller() const {
  const std::string command = "'" ANNALS_KAFKA_PROGRAM "' controller '" + state_ + "'";
  std::FILE* said = ::popen(command.c_str(), "r");
  if (said == nullptr) return 0;
  int number = 0;
  if (std::fscanf(said, "%d", &number) != 1) number = 0;
  ::pclose(said);
  return number;
}

}  // namespace annals::kafka_test
