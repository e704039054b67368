#include "state_text.hpp"

#include <annals/codec/json.hpp>
#include <annals/codec/value_type.hpp>

namespace annals::internal {

namespace {

ValueType value_type_of(const FoldType& type) { return {ValueKind::structure, type.table}; }

}  // namespace

bool write_state(const AnyState& state, std::string& out) {
  return detail::write_value(value_type_of(state.type()), state.data(), state.type().name, out)
      .has_value();
}

bool read_state(std::string_view text, AnyState& state) {
  return detail::read_value(text, value_type_of(state.type()), state.data(), state.type().name,
                            UnknownFields::refuse)
      .has_value();
}

}  // namespace annals::internal
