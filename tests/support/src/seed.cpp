#include <cstdio>
#include <cstdlib>

#include <annals/testkit/seed.hpp>

namespace annals::testkit {

std::uint64_t seed(std::uint64_t usual) {
  const char* given = std::getenv("ANNALS_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
  std::printf("ANNALS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

}  // namespace annals::testkit
