// Names as 128 bits.

#include "key_hash.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace annals::internal {
namespace {

std::string hex(const KeyHash& hash) {
  std::array<unsigned char, 16> bytes{};
  std::memcpy(bytes.data(), &hash.low, 8);
  std::memcpy(bytes.data() + 8, &hash.high, 8);
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789ABCDEF"[byte >> 4U];
    text += "0123456789ABCDEF"[byte & 15U];
  }
  return text;
}

// The values are what OpenSSL 3 gives:
// openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:16 -in FILE SIPHASH
TEST(KeyHash, IsSipHash) {
  constexpr std::pair<std::size_t, const char*> expected[] = {
      {0, "A3817F04BA25A8E66DF67214C7550293"},  {1, "DA87C1D86B99AF44347659119B22FC45"},
      {7, "A1F1EBBED8DBC153C0B84AA61FF08239"},  {8, "3B62A9BA6258F5610F83E264F31497B4"},
      {9, "264499060AD9BAABC47F8B02BB6D71ED"},  {15, "5493E99933B0A8117E08EC0F97CFC3D9"},
      {16, "6EE2A4CA67B054BBFD3315BF85230577"}, {63, "5150D1772F50834A503E069A973FBD7C"},
      {64, "1EAF077DC0D4CD3F8CAD4D383658A74B"}};
  for (const auto& [size, digest] : expected) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i);
    EXPECT_EQ(hex(siphash_128(0x0706050403020100U, 0x0F0E0D0C0B0A0908U, text)), digest) << size;
  }
}

TEST(KeyHash, DependsOnTheStoreAndOnWhatIsNamed) {
  const KeyHasher one(StoreId{{1}});
  const KeyHasher other(StoreId{{2}});
  EXPECT_EQ(one(KeyKind::stream, "a-1"), KeyHasher(StoreId{{1}})(KeyKind::stream, "a-1"));
  EXPECT_NE(one(KeyKind::stream, "a-1"), other(KeyKind::stream, "a-1"));
  EXPECT_NE(one(KeyKind::stream, "a-1"), one(KeyKind::tag, "a-1"));
}

}  // namespace
}  // namespace annals::internal
