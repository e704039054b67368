/// @file
/// Whether a program can do its work, and if not, why.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include <annals/eventstore/result.hpp>

namespace annals {

/// Success: ready. Otherwise the error says why not. May be called by many threads at once.
using ReadinessCheck = std::function<Result<void>()>;

struct Readiness {
  struct Checked {
    std::string name;  ///< "store main", "projection balances", …
    std::string why;   ///< Not ready, and this is why; empty: ready.
  };
  std::vector<Checked> checks;

  /// Whether all are.
  bool ready() const;
};

/// {"ready":false,"checks":[{"name":"store main","ready":true},{"name":"projection balances",
/// "ready":false,"why":"halted: …"}]}, without blanks.
std::string readiness_json(const Readiness& readiness);

}  // namespace annals
