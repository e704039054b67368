// expect: money_literal_is_a_decimal_number_with_at_most_the_digits_of_its_currency|consteval
// names: money_literal_is_a_decimal_number_with_at_most_the_digits_of_its_currency
#include <annals/codec/money.hpp>

using namespace annals::literals;
#ifdef WRONG
constexpr annals::Money price = 10.505_eur;
#else
constexpr annals::Money price = 10.50_eur;
#endif
