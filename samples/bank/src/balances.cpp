#include "balances.hpp"

#include <string_view>

#include <annals/aggregates/state_loader.hpp>

namespace bank {

using annals::Error;
using annals::ErrorCode;
using annals::Result;

void Movements::add(const annals::EventInfo& info, const Money& change) {
  const std::string_view category = annals::category_of(info.stream);
  list.push_back({.account = std::string(info.stream.substr(category.size() + 1)),
                  .change = change,
                  .known_at = info.known_at,
                  .effective_at = info.effective_at});
}

Result<Movements> read_movements(annals::EventStore& store) {
  const annals::Query accounts{{{.categories = {Account::category, LedgerAccount::category}}}};
  annals::StateLoader loader(store);
  auto folded = loader.fold(annals::fold_type_of<Movements>(), accounts, annals::AsOf::head());
  if (!folded) return std::move(folded).error();
  return std::move(*folded->state.as<Movements>());
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
