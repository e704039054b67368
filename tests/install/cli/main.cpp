// A program with the commands of `annals` for its own aggregates.
#include <filesystem>
#include <string>
#include <vector>

#include <annals/cli/main.hpp>
#include <annals/codec/money.hpp>
#include <annals/eventstore/log_event_store.hpp>

struct MoneyDeposited {
  annals::Money amount{};
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount);
};

struct Account {
  static constexpr auto category = "account";
  using Events = annals::Events<MoneyDeposited>;

  annals::Money balance{};
  ANNALS_STATE(Account, balance);

  void evolve(const MoneyDeposited& e) { balance += e.amount; }
};

namespace {

int run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return annals::cli::main<Account>(static_cast<int>(words.size()), arguments.data());
}

bool make_store(const std::string& folder) {
  std::filesystem::remove_all(folder);
  auto store = annals::open_log_event_store({.path = folder});
  return store && (*store)->append({.events = {{.stream = "account-1",
                                                .type = "money_deposited",
                                                .data = R"({"amount":"10.50 EUR"})"}},
                                    .checks = {{"account-1", annals::ExpectedVersion::any()}}});
}

}  // namespace

int main() {
  const std::string folder = "consumer-log";
  if (!make_store(folder)) return 1;
  const bool shown = run({"consumer", "state", folder, "account-1"}) == 0;
  const bool whole = run({"consumer", "verify", folder}) == 0;
  const bool wrong = run({"consumer", "state", folder, "unknown-1"}) != 0;
  return shown && whole && wrong ? 0 : 1;
}
