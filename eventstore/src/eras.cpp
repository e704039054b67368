#include "eras.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace annals::internal {

namespace {

Error diverged(std::string message) {
  return {.code = ErrorCode::diverged, .message = std::move(message)};
}

}  // namespace

Error before_first_event() {
  return {.code = ErrorCode::invalid_argument,
          .message = "position 0 is before the first event: no append holds it"};
}

Error beyond_head(GlobalPosition position, GlobalPosition head) {
  Error error =
      diverged("position " + to_string(position) + " is beyond the head, " + to_string(head));
  error.position = head;
  return error;
}

Era era_of(std::span<const EraBegin> eras, GlobalPosition position) {
  for (auto line = eras.rbegin(); line != eras.rend(); ++line) {
    if (line->begins_after < position) return line->era;
  }
  return eras.front().era;
}

bool are_eras(std::span<const EraBegin> eras) {
  if (eras.empty() || eras.front() != EraBegin{}) return false;
  for (std::size_t i = 1; i < eras.size(); ++i) {
    if (eras[i - 1].era >= eras[i].era || eras[i - 1].begins_after > eras[i].begins_after) {
      return false;
    }
  }
  return true;
}

Result<Checkpoint> moved_to_present_era(
    const Checkpoint& checkpoint, const StoreId& store, std::span<const EraBegin> eras,
    const std::function<Result<Link>(GlobalPosition)>& link_at) {
  const Token& token = checkpoint.token;
  if (token.store != store) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "a checkpoint of store " + to_string(token.store) + ", this is " +
                            to_string(store)};
  }
  const Era present = eras.back().era;
  const auto begin = std::find_if(eras.begin(), eras.end(),
                                  [&](const EraBegin& line) { return line.era == token.era; });
  if (begin == eras.end()) {
    return diverged("era " + std::to_string(token.era.value) +
                    " is not of this store, whose era is " + std::to_string(present.value));
  }
  // Moving from era to era, the checkpoint must be within each: a later era may begin before an
  // earlier one did.
  for (auto later = std::next(begin); later != eras.end(); ++later) {
    if (token.position > later->begins_after) {
      return diverged("position " + to_string(token.position) + " of era " +
                      std::to_string(token.era.value) + ": era " +
                      std::to_string(later->era.value) + " began after position " +
                      to_string(later->begins_after));
    }
  }
  const auto link = link_at(token.position);
  if (!link) return link.error();
  if (checkpoint.link && *checkpoint.link != *link) {
    return diverged("the link at position " + to_string(token.position) + " is " +
                    to_string(*link) + ", not " + to_string(*checkpoint.link));
  }
  return Checkpoint{{store, present, token.position}, *link};
}

}  // namespace annals::internal
