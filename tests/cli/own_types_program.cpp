// What a user writes for an `annals` with the types of an own program.

#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <annals/cli/main.hpp>
#include <annals/codec/money.hpp>

namespace {

using annals::Money;

struct AccountOpened {
  std::string owner;
  ANNALS_EVENT(AccountOpened, "account_opened", owner);
};
struct MoneyDeposited {
  Money amount{};
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount);
};

struct Account {
  static constexpr auto category = "account";
  using Events = annals::Events<AccountOpened, MoneyDeposited>;

  std::string owner;
  Money balance{};
  ANNALS_STATE(Account, owner, balance);

  void evolve(const AccountOpened& event) { owner = event.owner; }
  void evolve(const MoneyDeposited& event) { balance += event.amount; }
};

struct Balance {
  std::string account;
  Money balance{};
  ANNALS_ROW(Balance, "balances", (account), balance);
  using Events = annals::Events<MoneyDeposited>;
  static std::string keys(const MoneyDeposited&, const annals::EventInfo& info) {
    return std::string(info.stream);
  }
  void evolve(const MoneyDeposited& event) {
    // A fold that is broken, until a test mends it.
    const char* broken = std::getenv("BROKEN_ACCOUNT");
    if (broken != nullptr && account == broken) throw std::runtime_error("the fold is broken");
    balance += event.amount;
  }
};
struct Balances {
  static constexpr auto name = "balances";
  static constexpr int version = 1;
  static constexpr auto on_failure = annals::OnFailure::park;
  using Tables = annals::Tables<Balance>;
};

}  // namespace

// [docs:own-types]
int main(int argc, char** argv) { return annals::cli::main<Account, Balances>(argc, argv); }
// [docs:own-types]
