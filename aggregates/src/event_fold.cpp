#include "event_fold.hpp"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <annals/eventstore/position.hpp>

namespace annals::internal {

namespace {

class DecodingEvent final : public StoredEvent {
 public:
  DecodingEvent(const EventType& type, const Upcasters& upcasters, const RecordedEvent& recorded)
      : type_(type), upcasters_(upcasters), recorded_(recorded) {}

  const EventInfo& info() const noexcept override { return recorded_; }

  bool decode(void* event) override {
    auto decoded =
        decode_event_into(type_, recorded_.schema_version, recorded_.data, upcasters_, event);
    if (decoded) return true;
    error_ = std::move(decoded).error();
    return false;
  }

  std::optional<Error>& error() noexcept { return error_; }

 private:
  const EventType& type_;
  const Upcasters& upcasters_;
  const RecordedEvent& recorded_;
  std::optional<Error> error_;
};

Error fold_error(ErrorCode code, const RecordedEvent& event, const std::string& why) {
  return Error{.code = code,
               .message = "stream " + std::string(event.stream) + ", version " +
                          to_string(event.version) + " (position " + to_string(event.position) +
                          "): " + why,
               .position = event.position};
}

}  // namespace

Result<void> fold_event(const FoldType& type, const Upcasters& upcasters,
                        const RecordedEvent& event, void* state) {
  if (event.content_type != ContentType::json) {
    return fold_error(ErrorCode::unsupported, event,
                      "its content is " + std::string(to_string(event.content_type)) +
                          ", and only json can be folded");
  }
  const EventSlot* slot = type.find(upcasters.current_name(event.type));
  if (slot == nullptr) {
    if (type.ignores_unknown_events) return {};
    return fold_error(
        ErrorCode::unsupported, event,
        std::string(type.name) + " does not list events of type '" + std::string(event.type) + "'");
  }
  DecodingEvent stored(*slot->type, upcasters, event);
  // What evolve throws is the user's: whatever it is, it must not get past this room's door.
  try {
    slot->fold(state, stored);
  } catch (const std::exception& thrown) {
    return fold_error(ErrorCode::corrupt, event,
                      "evolve of " + std::string(event.type) + " threw: " + thrown.what());
  } catch (...) {
    return fold_error(ErrorCode::corrupt, event,
                      "evolve of " + std::string(event.type) + " threw what is no std::exception");
  }
  if (stored.error()) {
    const ErrorCode code = stored.error()->code == ErrorCode::unsupported ? ErrorCode::unsupported
                                                                          : ErrorCode::corrupt;
    return fold_error(code, event, stored.error()->message);
  }
  return {};
}

}  // namespace annals::internal
