#include <annals/eventstore/file_system.hpp>

namespace annals {

void File::begin_sync(std::uint64_t, std::uint64_t) {}

Result<std::shared_ptr<WritableMapping>> File::map_writable(std::uint64_t, std::uint64_t) {
  return Error{ErrorCode::unavailable, "this disk has no writable mappings"};
}

Result<std::string> File::identity() const {
  return Error{ErrorCode::unavailable, "this disk does not tell files from their copies"};
}

}  // namespace annals
