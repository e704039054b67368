// What a user writes for an `annals` with the types of an own program.

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

}  // namespace

// [docs:own-types]
int main(int argc, char** argv) { return annals::cli::main<Account>(argc, argv); }
// [docs:own-types]
