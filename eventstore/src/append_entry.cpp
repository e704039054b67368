#include "append_entry.hpp"

#include <annals/eventstore/query.hpp>

namespace annals::internal {

void RecordKeys::hash(const KeyHasher& hasher, const RecordKeys* before) {
  const auto category = category_of(stream);
  if (before != nullptr && before->stream == stream) {
    stream_hash = before->stream_hash;
    category_hash = before->category_hash;
  } else {
    stream_hash = hasher(KeyKind::stream, stream);
    category_hash = before != nullptr && category_of(before->stream) == category
                        ? before->category_hash
                        : hasher(KeyKind::category, category);
  }
  type_hash =
      before != nullptr && before->type == type ? before->type_hash : hasher(KeyKind::type, type);
}

}  // namespace annals::internal
