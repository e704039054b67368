#include "monitor.hpp"

#if BANK_WITH_METRICS
#include <annals/observability/http_endpoint.hpp>
#endif

namespace bank {

using annals::Result;

#if BANK_WITH_METRICS

namespace {

class HttpMonitor final : public Monitor {
 public:
  HttpMonitor(annals::EventStore& events, ReadSide& side) {
    observability_.watch(events).watch(side.queries());
    if (side.runner() != nullptr) observability_.watch(*side.runner());
  }
  Result<void> begin(const std::string& address) {
    auto options = annals::parse_endpoint(address);
    if (!options) return std::move(options).error();
    auto endpoint = annals::serve(observability_, *std::move(options));
    if (!endpoint) return std::move(endpoint).error();
    endpoint_ = *std::move(endpoint);
    return {};
  }
  std::string url() const override { return endpoint_->url() + "/metrics"; }

 private:
  annals::Observability observability_;
  std::unique_ptr<annals::HttpEndpoint> endpoint_;  // Ends before what it asks.
};

}  // namespace

Result<std::unique_ptr<Monitor>> serve_metrics(const std::string& address,
                                               annals::EventStore& events, ReadSide& side) {
  auto monitor = std::make_unique<HttpMonitor>(events, side);
  if (auto begun = monitor->begin(address); !begun) return std::move(begun).error();
  return std::unique_ptr<Monitor>(std::move(monitor));
}

#else

Result<std::unique_ptr<Monitor>> serve_metrics(const std::string&, annals::EventStore&, ReadSide&) {
  return annals::Error{annals::ErrorCode::unsupported, "this bank was built without cpp-httplib"};
}

#endif

}  // namespace bank
