#include "workload.hpp"

namespace annals::bench {

namespace {

class NoRelay final : public Workload {
 public:
  std::string_view name() const override { return "relay"; }
  bool writes() const override { return false; }
  Result<Measurement> annals(const Context&) override {
    return Error{ErrorCode::unsupported, "annals-bench was built without librdkafka"};
  }
  Result<std::vector<Measurement>> peers(const Context&) override {
    return std::vector<Measurement>();
  }
};

}  // namespace

std::unique_ptr<Workload> make_relay_to_kafka(std::uint32_t) { return std::make_unique<NoRelay>(); }
std::unique_ptr<Workload> make_relay_delay(std::uint32_t) { return std::make_unique<NoRelay>(); }
std::unique_ptr<Workload> make_visible(std::uint32_t) { return std::make_unique<NoRelay>(); }
std::unique_ptr<Workload> make_kafka_project(unsigned) { return std::make_unique<NoRelay>(); }

}  // namespace annals::bench
