#include <cstdio>
#include <cstdlib>

#include <annals/eventstore/assert.hpp>

namespace annals::detail {

void assertion_failed(const char* expression, std::string_view values, const char* file,
                      int line) noexcept {
  std::fprintf(stderr, "%s:%d: broken invariant: %s: %.*s\n", file, line, expression,
               static_cast<int>(values.size()), values.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace annals::detail
