#include "log/crc32c.hpp"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

#include "log/bytes.hpp"

namespace annals::internal {
namespace {

TEST(Crc32c, IsThatOfTheStandardsCheckValue) {
  // The check value of CRC-32C in the catalogue of parametrised CRC algorithms.
  EXPECT_EQ(crc32c(0, bytes_of("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c_by_table(0, bytes_of("123456789")), 0xE3069283U);
}

TEST(Crc32c, GoesOnFromAnEarlierPart) {
  const std::uint32_t first = crc32c(0, bytes_of("1234"));
  EXPECT_EQ(crc32c(first, bytes_of("56789")), 0xE3069283U);
}

TEST(Crc32c, InstructionAndTableAgree) {
  std::mt19937_64 random(testkit::seed(1));
  for (std::size_t size = 0; size < 300; ++size) {
    std::vector<std::byte> bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    const auto start = static_cast<std::uint32_t>(random());
    ASSERT_EQ(crc32c(start, bytes), crc32c_by_table(start, bytes)) << size << " bytes";
  }
}

}  // namespace
}  // namespace annals::internal
