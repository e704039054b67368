#include <algorithm>

#include <annals/eventstore/append.hpp>

#include "sha256.hpp"

namespace annals {

RequestDigest request_digest_of(std::string_view text) {
  const Digest whole = internal::sha256(text);
  RequestDigest digest;
  std::copy_n(whole.bytes.begin(), digest.bytes.size(), digest.bytes.begin());
  return digest;
}

std::optional<StreamVersion> Receipt::version_of(std::string_view stream) const {
  const auto found = std::lower_bound(
      versions.begin(), versions.end(), stream,
      [](const Written& written, std::string_view name) { return written.stream < name; });
  if (found == versions.end() || found->stream != stream) return std::nullopt;
  return found->last;
}

}  // namespace annals
