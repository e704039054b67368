// expect: annals: this field has a type that cannot be stored.*json_value.hpp
#include <nlohmann/json.hpp>

#include <annals/codec/event_type.hpp>

#ifndef WRONG
#include <annals/codec/json_value.hpp>
#endif
namespace bank {
struct Imported {
  nlohmann::json row;
  ANNALS_EVENT(Imported, "imported", row);
};
}  // namespace bank

auto use() { return annals::to_json(bank::Imported{}); }
