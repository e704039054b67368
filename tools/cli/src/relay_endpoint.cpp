#include "relay_endpoint.hpp"

#include <utility>

#if ANNALS_WITH_ENDPOINT
#include <annals/observability/http_endpoint.hpp>
#include <annals/observability/relay_metrics.hpp>
#endif

namespace annals::cli {

#if ANNALS_WITH_ENDPOINT

namespace {

class Served final : public RelayEndpoint {
 public:
  Served(const EventStore& store, const Relay& relay) { watch(observability_.watch(store), relay); }
  Result<void> begin(EndpointOptions options) {
    auto endpoint = serve(observability_, std::move(options));
    if (!endpoint) return std::move(endpoint).error();
    endpoint_ = *std::move(endpoint);
    return {};
  }
  std::string url() const override { return endpoint_->url(); }

 private:
  Observability observability_;
  std::unique_ptr<HttpEndpoint> endpoint_;
};

}  // namespace

std::optional<std::string> why_no_endpoint(const std::string& address) {
  auto options = parse_endpoint(address);
  return options ? std::nullopt : std::optional(options.error().message);
}

Result<std::unique_ptr<RelayEndpoint>> serve_relay(const std::string& address,
                                                   const EventStore& store, const Relay& relay) {
  auto options = parse_endpoint(address);
  if (!options) return std::move(options).error();
  auto served = std::make_unique<Served>(store, relay);
  if (auto begun = served->begin(*std::move(options)); !begun) return std::move(begun).error();
  return std::unique_ptr<RelayEndpoint>(std::move(served));
}

#else

std::optional<std::string> why_no_endpoint(const std::string&) { return std::nullopt; }

Result<std::unique_ptr<RelayEndpoint>> serve_relay(const std::string&, const EventStore&,
                                                   const Relay&) {
  return Error{ErrorCode::unavailable,
               "this program was built without an endpoint for metrics: cpp-httplib was not "
               "installed then"};
}

#endif

}  // namespace annals::cli
