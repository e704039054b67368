#include <string>

#include <annals/queries/session.hpp>

namespace annals {

Result<void> Session::observe(const Token& token) {
  const std::lock_guard lock(mutex_);
  if (!seen_) {
    seen_ = token;
    return {};
  }
  if (seen_->store != token.store) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "a session has seen store " + to_string(seen_->store) +
                            ", and the token is of store " + to_string(token.store)};
  }
  // A later era begins where the earlier one was cut: its positions are the ones that count.
  if (token.era > seen_->era || (token.era == seen_->era && token.position > seen_->position)) {
    seen_ = token;
  }
  return {};
}

std::optional<Token> Session::token() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

Consistency Session::consistency(std::chrono::milliseconds timeout) const {
  const auto seen = token();
  return seen ? Consistency::at_least(*seen, timeout) : Consistency::eventual();
}

}  // namespace annals
