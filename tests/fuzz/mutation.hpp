#pragma once

#include <random>
#include <string>

namespace annals::fuzz {

/// Changes `text` in one to four places: bits, bytes, numbers, runs of zeros, runs from elsewhere
/// in it or from `other`, and, if `may_resize`, its length.
void mutate(std::string& text, const std::string& other, bool may_resize, std::mt19937_64& dice);

}  // namespace annals::fuzz
