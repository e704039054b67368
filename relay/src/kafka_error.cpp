#include "kafka_error.hpp"

namespace annals::internal {

namespace {

bool must_be_changed(rd_kafka_resp_err_t error, const std::string& said) {
  // There are brokers enough, but those that were silent for a while do not count just now.
  if (error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR &&
      said.find("fenced") != std::string::npos) {
    return false;
  }
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR__INVALID_ARG: return true;
    default: return false;
  }
}

}  // namespace

std::string text_of(rd_kafka_resp_err_t error) {
  return std::string(rd_kafka_err2str(error)) + " (" + rd_kafka_err2name(error) + ")";
}

Error to_error(rd_kafka_resp_err_t error, const std::string& doing, const std::string& said) {
  const std::string text = text_of(error);
  const bool more = !said.empty() && said != rd_kafka_err2str(error);
  return {must_be_changed(error, said) ? ErrorCode::invalid_argument : ErrorCode::unavailable,
          doing + ": " + text + (more ? ": " + said : "")};
}

}  // namespace annals::internal
