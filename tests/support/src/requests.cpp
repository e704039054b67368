#include <algorithm>
#include <utility>

#include <annals/testkit/requests.hpp>

namespace annals::testkit {

NewEvent event_on(std::string stream, std::string type, std::string data) {
  return {.stream = std::move(stream), .type = std::move(type), .data = std::move(data)};
}

NewEvent tagged(NewEvent event, std::vector<std::string> tags) {
  event.tags = std::move(tags);
  return event;
}

AppendRequest append_to(std::string stream, ExpectedVersion expected, std::size_t count) {
  AppendRequest request;
  for (std::size_t i = 0; i < count; ++i) {
    request.events.push_back(event_on(stream, "happened", "{\"n\":" + std::to_string(i + 1) + "}"));
  }
  request.checks.push_back({std::move(stream), expected});
  return request;
}

AppendRequest append_of(std::vector<NewEvent> events) {
  AppendRequest request;
  for (const NewEvent& event : events) {
    const bool checked =
        std::any_of(request.checks.begin(), request.checks.end(),
                    [&](const StreamCheck& check) { return check.stream == event.stream; });
    if (!checked) request.checks.push_back({event.stream, ExpectedVersion::any()});
  }
  request.events = std::move(events);
  return request;
}

AppendRequest only_check(std::string stream, ExpectedVersion expected) {
  AppendRequest request;
  request.checks.push_back({std::move(stream), expected});
  return request;
}

}  // namespace annals::testkit
