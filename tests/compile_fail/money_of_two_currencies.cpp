// expect: money_mixed|constant expression
// names: money_mixed
#include <annals/codec/money.hpp>

using namespace annals::literals;
#ifdef WRONG
constexpr annals::Money sum = 10_eur + 10_usd;
#else
constexpr annals::Money sum = 10_eur + 10_eur;
#endif
