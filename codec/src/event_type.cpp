#include <utility>

#include <annals/codec/event_type.hpp>
#include <annals/codec/json.hpp>

namespace annals {

Result<void> write_event(const EventType& type, const void* event, std::string& out) {
  return detail::write_value({ValueKind::structure, type.table}, event, type.name, out);
}

Result<void> write_event(const AnyEvent& event, std::string& out) {
  return write_event(event.type(), event.data(), out);
}

Result<void> write_command(const AnyCommand& command, std::string& out) {
  return detail::write_value({ValueKind::structure, command.type().table}, command.data(),
                             command.name(), out);
}

Result<AnyCommand> decode_command(const CommandType& type, std::string_view text) {
  AnyCommand command(type);
  auto read = detail::read_value(text, {ValueKind::structure, type.table}, command.data(),
                                 type.name, UnknownFields::refuse);
  if (!read) return std::move(read).error();
  return command;
}

}  // namespace annals
