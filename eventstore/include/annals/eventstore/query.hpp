/// @file
/// Which events: one type for reads, subscriptions, append conditions and command boundaries.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <annals/eventstore/event.hpp>

namespace annals {

/// One alternative of a query. Each list that is not empty narrows it: the event's stream is any of
/// `streams`, its category any of `categories`, its type any of `types`, and it has all of `tags`.
struct QueryItem {
  std::vector<std::string> streams = {};
  std::vector<std::string> categories = {};
  std::vector<std::string> types = {};
  std::vector<std::string> tags = {};

  bool operator==(const QueryItem&) const = default;
};

/// Matches an event if any of its items does. Without items, or with an empty item, it matches
/// every event.
struct Query {
  std::vector<QueryItem> items = {};

  static Query all() { return {}; }
  static Query stream(std::string name) { return {{{.streams = {std::move(name)}}}}; }
  static Query category(std::string name) { return {{{.categories = {std::move(name)}}}}; }
  static Query type(std::string name) { return {{{.types = {std::move(name)}}}}; }
  static Query tag(std::string tag) { return {{{.tags = {std::move(tag)}}}}; }

  bool operator==(const Query&) const = default;
};

/// Says whether `query` selects an event of this stream and type with these tags.
bool matches(const Query& query, const RecordedEvent& event);
bool matches(const Query& query, const NewEvent& event);

/// The name of the only stream that `query` can match, or nullptr if it is not of that kind.
const std::string* only_stream(const Query& query) noexcept;

}  // namespace annals
