// A program that needs only typed events: a struct to JSON text and back.
#include <cstdio>
#include <string>

#include <annals/codec/event_type.hpp>
#include <annals/codec/json.hpp>
#include <annals/codec/json_value.hpp>
#include <annals/codec/money.hpp>

struct MoneyDeposited {
  annals::Money amount{};
  std::string text;
  ANNALS_EVENT(MoneyDeposited, "money_deposited", amount, text);
};

int main() {
  using namespace annals::literals;
  const auto json = annals::to_json(MoneyDeposited{.amount = 10.50_eur, .text = "rent"});
  if (!json) return 1;
  std::puts(json->c_str());
  const auto again = annals::from_json<MoneyDeposited>(*json);
  return again && again->amount == 10.50_eur && again->text == "rent" ? 0 : 1;
}
