#include "kafka_producer.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "kafka_error.hpp"

namespace annals::internal {

namespace {

// What order and completeness rest on. With no limit to a record's time and no hole allowed, a
// record fails only when the whole producer does. Five requests at a time are what an idempotent
// producer may have under way; whoever sends keeps to FirstRecords. And a topic that is gone must
// not come back, empty, because a producer asks for it.
const std::array<std::pair<const char*, const char*>, 7> own_producer_settings = {{
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"enable.gapless.guarantee", "true"},
    {"message.timeout.ms", "0"},
    {"max.in.flight.requests.per.connection", "5"},
    {"partitioner", "murmur2"},
    {"allow.auto.create.topics", "false"},
}};

// Other names of the same, and what the relay's own options say.
constexpr std::array refused_producer_settings = {
    "request.required.acks", "delivery.timeout.ms", "transactional.id",
    "max.in.flight",         "bootstrap.servers",   "metadata.broker.list",
    "message.max.bytes",     "compression.type",    "compression.codec",
};

}  // namespace

Result<void> check_user_settings(const KafkaSettings& settings) {
  std::vector<std::string_view> reserved(refused_producer_settings.begin(),
                                         refused_producer_settings.end());
  for (const auto& [name, value] : own_producer_settings) reserved.emplace_back(name);
  return refuse_settings(settings, reserved, "the relay");
}

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::make(const KafkaSettings& settings,
                                                           Delivered delivered) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(std::move(delivered)));
  KafkaSettings all = settings;
  all.insert(all.end(), own_producer_settings.begin(), own_producer_settings.end());
  auto opened =
      producer->open(RD_KAFKA_PRODUCER, all, producer.get(), [](rd_kafka_conf_t* configuration) {
        rd_kafka_conf_set_dr_msg_cb(configuration, on_delivery);
      });
  if (!opened) return opened.error();
  return producer;
}

KafkaProducer::~KafkaProducer() {
  if (client_ == nullptr) return;
  // Destroying with records in the queues would lose track of them; purged, they are reported.
  delivered_ = {};
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  for (int tries = 0; tries < 100 && rd_kafka_outq_len(client_) > 0; ++tries) {
    rd_kafka_poll(client_, 20);
  }
  rd_kafka_destroy(client_);
}

rd_kafka_resp_err_t KafkaProducer::send(rd_kafka_topic_t* topic, std::uint32_t partition,
                                        std::optional<std::string_view> key,
                                        std::optional<std::string_view> value,
                                        KafkaHeaders& headers, std::uint64_t number) {
  const auto bytes = [](const std::optional<std::string_view>& text) -> void* {
    if (!text) return nullptr;
    return const_cast<char*>(text->empty() ? "" : text->data());
  };
  const auto size = [](const std::optional<std::string_view>& text) {
    return text ? text->size() : 0;
  };
  std::array<rd_kafka_vu_t, 6> words{};
  words[0].vtype = RD_KAFKA_VTYPE_RKT;
  words[0].u.rkt = topic;
  words[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  words[1].u.i32 = static_cast<std::int32_t>(partition);
  words[2].vtype = RD_KAFKA_VTYPE_KEY;
  words[2].u.mem = {bytes(key), size(key)};
  words[3].vtype = RD_KAFKA_VTYPE_VALUE;
  words[3].u.mem = {bytes(value), size(value)};
  words[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  words[4].u.headers = headers.get();
  words[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  words[5].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(number));
  rd_kafka_error_t* problem = rd_kafka_produceva(client_, words.data(), words.size());
  if (problem == nullptr) {
    static_cast<void>(headers.release());
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  const rd_kafka_resp_err_t code = rd_kafka_error_code(problem);
  rd_kafka_error_destroy(problem);
  return code;
}

void KafkaProducer::poll(std::chrono::milliseconds wait) {
  rd_kafka_poll(client_, static_cast<int>(wait.count()));
}

void KafkaProducer::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* client) {
  auto& self = *static_cast<KafkaProducer*>(static_cast<KafkaClient*>(client));
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) self.complaint_.clear();
  if (!self.delivered_) return;
  const auto number = reinterpret_cast<std::uintptr_t>(message->_private);
  self.delivered_({static_cast<std::uint64_t>(number), message->err,
                   static_cast<std::uint32_t>(message->partition),
                   std::max<std::int64_t>(message->offset, -1)});
}

void KafkaProducer::on_error(rd_kafka_resp_err_t error, const char* reason) {
  if (error != RD_KAFKA_RESP_ERR__FATAL) {
    KafkaClient::on_error(error, reason);
    return;
  }
  char said[512] = {};
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(client_, said, sizeof said);
  if (!fatal_) fatal_ = text_of(cause) + ": " + said;
}

}  // namespace annals::internal
