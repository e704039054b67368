#include "mutation.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace annals::fuzz {
namespace {

/// Where most bytes mean something: near the beginning, or where something is written at all.
std::size_t place(const std::string& text, std::mt19937_64& dice) {
  const std::size_t at = dice() % text.size();
  if (dice() % 3 == 0) return dice() % std::min<std::size_t>(text.size(), 700);
  for (std::size_t i = at; i > 0 && at - i < 4096; --i) {
    if (text[i] != 0) return i;
  }
  return at;
}

std::uint64_t number(const std::string& text, std::mt19937_64& dice) {
  const std::array<std::uint64_t, 12> telling{0,          1,           2,          0x7F,
                                              0x80,       0xFFFF,      0x7FFFFFFF, 0x80000000,
                                              0xFFFFFFFF, text.size(), ~0ULL,      1ULL << 63U};
  return telling[dice() % telling.size()] + (dice() % 4 == 0 ? dice() % 9 - 4 : 0);
}

void mutate_once(std::string& text, const std::string& other, bool may_resize,
                 std::mt19937_64& dice) {
  if (text.empty()) {
    if (may_resize) text = other.substr(0, dice() % (other.size() + 1));
    return;
  }
  const std::size_t at = place(text, dice);
  const std::size_t run =
      std::min<std::size_t>(1 + dice() % (dice() % 4 == 0 ? 600 : 32), text.size() - at);
  switch (dice() % (may_resize ? 10 : 8)) {
    case 0: text[at] = static_cast<char>(text[at] ^ (1 << dice() % 8)); break;
    case 1: text[at] = static_cast<char>(dice()); break;
    case 2: text.replace(at, run, run, '\0'); break;
    case 3:
    case 4: {
      const std::size_t width = std::size_t{1} << dice() % 4;
      const std::size_t aligned = at / width * width;
      const std::uint64_t value = number(text, dice);
      std::memcpy(text.data() + aligned, &value, std::min(width, text.size() - aligned));
      break;
    }
    case 5: {
      // A number in text stays one.
      const std::size_t digit = text.find_first_of("0123456789", at);
      if (digit != std::string::npos && digit - at < 64) {
        text[digit] = static_cast<char>('0' + dice() % 10);
      } else {
        ++text[at];
      }
      break;
    }
    case 6: {
      const std::size_t from = dice() % (text.size() - run + 1);
      text.replace(at, run, text.substr(from, run));
      break;
    }
    case 7: {
      if (other.empty()) break;
      const std::string piece = other.substr(dice() % other.size(), run);
      text.replace(at, piece.size(), piece);
      break;
    }
    case 8: text.resize(dice() % 4 == 0 ? dice() % (text.size() + 1) : text.size() - run); break;
    default: text.insert(at, text.substr(dice() % text.size(), run)); break;
  }
}

}  // namespace

void mutate(std::string& text, const std::string& other, bool may_resize, std::mt19937_64& dice) {
  const std::uint64_t times = dice() % 3 == 0 ? 2 + dice() % 3 : 1;
  for (std::uint64_t i = 0; i < times; ++i) {
    const std::size_t size = text.size();
    mutate_once(text, other, may_resize, dice);
    if (!may_resize) text.resize(size);
  }
}

}  // namespace annals::fuzz
