#include "balances.hpp"

#include <utility>

#include "statement.hpp"

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

void Movements::add(const annals::EventInfo& info, const Money& change) {
  list.push_back({.account = id_in(info.stream),
                  .change = change,
                  .known_at = info.known_at,
                  .effective_at = info.effective_at});
}

Result<Movements> read_movements(annals::EventStore& store, std::vector<std::string> categories) {
  return fold<Movements>(store, {{{.categories = std::move(categories)}}});
}

Result<Balances> balances_of(const Movements& movements, const Cutoff& cutoff) {
  Balances balances;
  try {
    for (const Movement& movement : movements.list) {
      if (cutoff.effective_at && movement.effective_at > *cutoff.effective_at) continue;
      if (cutoff.known_at && movement.known_at > *cutoff.known_at) continue;
      balances[movement.account] += movement.change;
    }
  } catch (const annals::MoneyError& error) {
    return Error{ErrorCode::invalid_argument, error.what()};
  }
  std::erase_if(balances, [](const auto& account) { return account.second.is_zero(); });
  return balances;
}

}  // namespace bank
