/// @file
/// Short ways to write events and appends in tests.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <annals/eventstore/append.hpp>

namespace annals::testkit {

/// An event of type "happened" with the data {"n":1}, unless said otherwise.
NewEvent event_on(std::string stream, std::string type = "happened",
                  std::string data = "{\"n\":1}");

/// `event` with these tags.
NewEvent tagged(NewEvent event, std::vector<std::string> tags);

/// An append of `count` events to one stream.
AppendRequest append_to(std::string stream, ExpectedVersion expected, std::size_t count = 1);

/// An append of these events that expects `any` of every stream it writes.
AppendRequest append_of(std::vector<NewEvent> events);

/// An append without events that only checks.
AppendRequest only_check(std::string stream, ExpectedVersion expected);

}  // namespace annals::testkit
