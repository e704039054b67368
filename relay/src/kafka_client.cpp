#include "kafka_client.hpp"

#include <algorithm>

namespace annals::internal {

namespace {

Error refused(const std::string& name, const std::string& why) {
  return {ErrorCode::invalid_argument, "Kafka setting '" + name + "': " + why};
}

// What somebody must look at who reads of this error.
std::string hint(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__SSL: return " (settings: ssl.ca.location and others of ssl.*)";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return " (settings: sasl.mechanism, sasl.username, sasl.password)";
    default: return "";
  }
}

void no_log(const rd_kafka_t*, int, const char*, const char*) {}

using Configuration = std::unique_ptr<rd_kafka_conf_t, KafkaDestroyer<rd_kafka_conf_destroy>>;

Result<void> set(rd_kafka_conf_t* configuration, const std::string& name,
                 const std::string& value) {
  char said[512] = {};
  switch (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), said, sizeof said)) {
    case RD_KAFKA_CONF_OK: return {};
    case RD_KAFKA_CONF_UNKNOWN: return refused(name, "librdkafka knows no setting of this name");
    default: return refused(name, said);
  }
}

}  // namespace

Result<void> refuse_settings(const KafkaSettings& settings,
                             std::span<const std::string_view> reserved, std::string_view who) {
  for (const auto& [name, value] : settings) {
    if (std::find(reserved.begin(), reserved.end(), name) == reserved.end()) continue;
    return refused(name, std::string(who) +
                             " sets it itself, because its promises or its options say what it"
                             " must be");
  }
  return {};
}

Result<void> KafkaClient::open(rd_kafka_type_t type, const KafkaSettings& settings,
                               KafkaClient* self,
                               const std::function<void(rd_kafka_conf_t*)>& callbacks) {
  Configuration configuration(rd_kafka_conf_new());
  for (const auto& [name, value] : settings) {
    if (auto done = set(configuration.get(), name, value); !done) return done.error();
  }
  rd_kafka_conf_set_opaque(configuration.get(), self);
  rd_kafka_conf_set_error_cb(
      configuration.get(), [](rd_kafka_t*, int code, const char* reason, void* client) {
        static_cast<KafkaClient*>(client)->on_error(static_cast<rd_kafka_resp_err_t>(code), reason);
      });
  rd_kafka_conf_set_log_cb(configuration.get(), no_log);  // It writes to standard error otherwise.
  callbacks(configuration.get());
  char said[512] = {};
  client_ = rd_kafka_new(type, configuration.get(), said, sizeof said);
  if (client_ == nullptr) {
    return Error{ErrorCode::invalid_argument, std::string("Kafka settings: ") + said};
  }
  static_cast<void>(configuration.release());  // The client has it now.
  return {};
}

void KafkaClient::on_error(rd_kafka_resp_err_t error, const char* reason) {
  // That none is left says less than what was said of one of them.
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !complaint_.empty()) return;
  complaint_ = reason + hint(error);
}

}  // namespace annals::internal
