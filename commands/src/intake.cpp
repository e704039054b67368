#include "intake.hpp"

#include <exception>
#include <utility>

#include <annals/codec/event_type.hpp>
#include <annals/eventstore/append.hpp>

namespace annals::internal {

namespace {

constexpr std::size_t usual_text_bytes = 160;

// What a repeat is compared by. Names and targets have no control characters.
Result<void> write_text(Job& job) {
  job.text.reserve(usual_text_bytes);
  job.text = job.command->name();
  job.text += '\0';
  job.text += job.target;
  job.text += '\0';
  job.json_begin = job.text.size();
  auto written = write_command(*job.command, job.text);
  if (written) job.digest = request_digest_of(job.text);
  return written;
}

Result<Boundary> boundary_of(const Job& job) {
  try {
    return job.handler->boundary(job.command->data());
  } catch (const std::exception& thrown) {
    return wrong(job, std::string("boundary threw: ") + thrown.what());
  } catch (...) {
    return wrong(job, "boundary threw what is no std::exception");
  }
}

// What decide would be given wrongly or not at all.
Result<void> check_boundary(const Job& job) {
  const auto& aggregates = job.boundary.aggregates();
  for (std::size_t i = 0; i < aggregates.size(); ++i) {
    if (aggregates[i].id.empty()) {
      return wrong(job, "its boundary names an aggregate of category " +
                            std::string(aggregates[i].type->category) + " without its id");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (aggregates[i].stream == aggregates[j].stream) {
        return wrong(job, "its boundary names stream " + aggregates[i].stream +
                              " as two types of aggregate");
      }
    }
  }
  const auto& queries = job.boundary.queries();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    for (std::size_t j = 0; queries[i].type != nullptr && j < i; ++j) {
      if (queries[i].type == queries[j].type) {
        return wrong(job,
                     "its boundary has two queries for one type of state: give each a type of its "
                     "own, or make one query of two items");
      }
    }
  }
  return {};
}

}  // namespace

Error wrong(const Job& job, const std::string& why) {
  return Error{.code = ErrorCode::invalid_argument,
               .message = "command " + std::string(job.command->name()) + ": " + why};
}

void fill(Job& job, std::string_view target, AnyCommand command, CommandOptions options) {
  job.target = target;
  job.command = std::move(command);
  job.id_given = options.id.has_value();
  job.id = options.id ? *options.id : new_append_id();
  job.options = std::move(options);
}

Result<const CommandHandler*> Intake::find_handler(std::string_view name) const {
  const auto found = handlers_.find(name);
  if (found == handlers_.end()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "command " + std::string(name) +
                            ": nothing that was added to this bus handles it"};
  }
  if (!found->second.rivals.empty()) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "command " + std::string(name) +
                            " is handled by two types added to this bus: " + found->second.rivals};
  }
  return found->second.handler;
}

Result<AnyCommand> Intake::read_command(std::string_view name, std::string_view json) const {
  auto handler = find_handler(name);
  if (!handler) return std::move(handler).error();
  return decode_command(*(*handler)->type, json);
}

Result<void> Intake::prepare(Job& job) const {
  auto handler = find_handler(job.command->name());
  if (!handler) return std::move(handler).error();
  job.handler = *handler;
  if (job.handler->type != &job.command->type()) {
    return wrong(job, "the type sent is not the one that " + std::string(job.handler->owner) +
                          " handles under this name");
  }
  const bool single = job.handler->aggregate != nullptr;
  if (single && job.target.empty()) {
    return wrong(job, "needs the id of the " + std::string(job.handler->owner) + " it is for");
  }
  if (!single && !job.target.empty()) {
    return wrong(
        job, "names its own boundary and takes no target, but was sent to '" + job.target + "'");
  }
  if (auto written = write_text(job); !written) return written;
  if (auto passed = run_interceptors(job); !passed) return passed;
  if (single) {
    job.boundary.add(*job.handler->aggregate, job.target);
    return {};
  }
  auto boundary = boundary_of(job);
  if (!boundary) return std::move(boundary).error();
  job.boundary = *std::move(boundary);
  job.boundary.add_stored_names(upcasters_);
  return check_boundary(job);
}

Result<void> Intake::run_interceptors(Job& job) const {
  if (interceptors_.empty()) return {};
  CommandContext context(*job.command, job.target, job.json(), job.id, job.options);
  Result<void> passed;
  for (const Interceptor& interceptor : interceptors_) {
    try {
      passed = interceptor(context);
    } catch (const std::exception& thrown) {
      passed = wrong(job, std::string("an interceptor threw: ") + thrown.what());
    } catch (...) {
      passed = wrong(job, "an interceptor threw what is no std::exception");
    }
    if (!passed) break;
  }
  job.observers = context.take_observers();
  return passed;
}

void Intake::add_handler(const CommandHandler& handler) {
  const auto [place, fresh] = handlers_.try_emplace(std::string(handler.type->name));
  if (fresh) {
    place->second.handler = &handler;
  } else if (place->second.handler != &handler) {
    place->second.rivals =
        std::string(place->second.handler->owner) + " and " + std::string(handler.owner);
  }
}

std::vector<const CommandHandler*> Intake::handlers() const {
  std::vector<const CommandHandler*> result;
  for (const auto& [name, entry] : handlers_) result.push_back(entry.handler);
  return result;
}

}  // namespace annals::internal
