#include "sha256.hpp"

// The low-level calls are deprecated since OpenSSL 3 in favour of EVP_Digest*, which looks the
// algorithm up and allocates at each digest: about ten times the cost of hashing one small event.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace annals::internal {

namespace {
SHA256_CTX* context(unsigned char* state) { return reinterpret_cast<SHA256_CTX*>(state); }
}  // namespace

Sha256::Sha256() noexcept {
  static_assert(sizeof(SHA256_CTX) == state_bytes && alignof(SHA256_CTX) <= 8);
  SHA256_Init(context(state_));
}

void Sha256::add(const void* bytes, std::size_t count) noexcept {
  if (count > 0) SHA256_Update(context(state_), bytes, count);
}

Digest Sha256::finish() noexcept {
  Digest digest;
  SHA256_Final(digest.bytes.data(), context(state_));
  return digest;
}

Digest sha256(std::string_view bytes) noexcept {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

}  // namespace annals::internal
