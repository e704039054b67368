#pragma once

#include <string>

#include <librdkafka/rdkafka.h>

#include <annals/eventstore/error.hpp>

namespace annals::internal {

/// "Broker: Message size too large (MSG_SIZE_TOO_LARGE)".
std::string text_of(rd_kafka_resp_err_t error);
/// As the relay sees it: `unavailable` for what may pass, `invalid_argument` for what somebody must
/// change. `doing` begins the message: "making topic ledger".
Error to_error(rd_kafka_resp_err_t error, const std::string& doing, const std::string& said = {});

}  // namespace annals::internal
