// A program that is watched over HTTP; a second one cannot have its port.
#include <cstdio>

#include <annals/observability/http_endpoint.hpp>

int main() {
  const annals::Observability observability;
  const auto endpoint = annals::serve(observability);
  if (!endpoint) return 1;
  const auto second = annals::serve(observability, {.port = (*endpoint)->port()});
  if (second) return 2;
  std::printf("%s; %s\n", (*endpoint)->url().c_str(), to_string(second.error()).c_str());
  return second.error().code == annals::ErrorCode::unavailable ? 0 : 3;
}
