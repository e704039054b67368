#include "workload.hpp"

#include <utility>

namespace annals::bench {

Result<std::vector<Measurement>> WorkloadBesideSqlite::peers(const Context& context) {
  std::vector<Measurement> all;
  if (!context.options.wants("sqlite")) return all;
  auto peer = sqlite(context);
  if (!peer) return std::move(peer).error();
  all.push_back(std::move(*peer));
  auto batched = sqlite_batched(context);
  if (!batched) return std::move(batched).error();
  if (*batched) all.push_back(std::move(**batched));
  return all;
}

}  // namespace annals::bench
