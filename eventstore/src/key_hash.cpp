#include "key_hash.hpp"

#include <bit>
#include <cstring>
#include <string>

#include "sha256.hpp"

namespace annals::internal {

namespace {

std::uint64_t load_word(const char* from, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

struct Sip {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  std::uint64_t finish() noexcept {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

KeyHash siphash_128(std::uint64_t key_low, std::uint64_t key_high, std::string_view text) noexcept {
  Sip sip{key_low ^ 0x736f6d6570736575U, key_high ^ 0x646f72616e646f6dU ^ 0xeeU,
          key_low ^ 0x6c7967656e657261U, key_high ^ 0x7465646279746573U};
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) sip.take(load_word(at, 8));
  sip.take(load_word(at, left) | static_cast<std::uint64_t>(text.size()) << 56U);
  sip.v2 ^= 0xeeU;
  KeyHash hash;
  hash.low = sip.finish();
  sip.v1 ^= 0xddU;
  hash.high = sip.finish();
  return hash;
}

KeyHasher::KeyHasher(const StoreId& store) {
  std::string seed("annals-index-1");
  seed.append(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
  const Digest digest = sha256(seed);
  std::memcpy(&key_low_, digest.bytes.data(), 8);
  std::memcpy(&key_high_, digest.bytes.data() + 8, 8);
}

KeyHash KeyHasher::operator()(KeyKind kind, std::string_view name) const noexcept {
  return siphash_128(key_low_ ^ static_cast<std::uint64_t>(kind), key_high_, name);
}

std::uint64_t KeyHasher::operator()(const AppendId& id) const noexcept {
  return siphash_128(key_low_, key_high_,
                     {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()})
      .low;
}

}  // namespace annals::internal
