// Lists of positions, plain and packed, against std::lower_bound.

#include "posting_list.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <annals/testkit/seed.hpp>

namespace annals::internal {
namespace {

TEST(PostingList, PlainAndPackedAnswerAlike) {
  std::mt19937_64 random(testkit::seed(5));
  for (const std::size_t size : {0U, 1U, 2U, 127U, 128U, 129U, 256U, 257U, 5'000U}) {
    std::vector<std::uint32_t> positions;
    std::uint32_t at = static_cast<std::uint32_t>(random() % 3);
    for (std::size_t i = 0; i < size; ++i) {
      positions.push_back(at);
      // Neighbours, and now and then far apart.
      at += 1 + static_cast<std::uint32_t>(random() % 10 == 0 ? random() % 400'000 : random() % 3);
    }
    std::string packed;
    PostingList::pack(positions, packed);
    const PostingList plain{std::span<const std::uint32_t>(positions)};
    const PostingList lists[] = {
        plain, {std::as_bytes(std::span(packed.data(), packed.size())), positions.size()}};
    for (const PostingList& list : lists) {
      ASSERT_EQ(list.size(), size);
      for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(list.at(i), positions[i]);
      for (int i = 0; i < 2'000; ++i) {
        const std::size_t from = random() % (size + 2);
        const auto bound = static_cast<std::uint32_t>(random() % (at + 2));
        const auto start = positions.begin() + static_cast<std::ptrdiff_t>(std::min(from, size));
        const auto expected = std::lower_bound(start, positions.end(), bound) - positions.begin();
        ASSERT_EQ(list.lower_bound(from, bound), static_cast<std::size_t>(expected))
            << "size " << size << " from " << from << " bound " << bound;
      }
    }
  }
}

TEST(PostingList, OfAnyBytesIsSomeListAndNothingBeyondThemIsRead) {
  std::mt19937_64 random(testkit::seed(6));
  for (int round = 0; round < 2'000; ++round) {
    // On the heap and of the exact size, for the address sanitizer.
    std::vector<std::byte> bytes(random() % 600);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    const PostingList list(bytes, random() % 2'000);
    for (std::size_t i = 0; i < list.size(); i += 1 + random() % 50) static_cast<void>(list.at(i));
    static_cast<void>(list.lower_bound(random() % 2'000, static_cast<std::uint32_t>(random())));
  }
}

}  // namespace
}  // namespace annals::internal
