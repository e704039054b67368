// libFuzzer target: no line breaks the parser of exports.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "export_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(annals::cli::parse_export_line({reinterpret_cast<const char*>(data), size}));
  return 0;
}
