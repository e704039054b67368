#include "known_log.hpp"

#include <algorithm>

namespace annals::simulation {
namespace {

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool selects(const QueryItem& item, const NewEvent& event) {
  if (!item.streams.empty() && !has(item.streams, event.stream)) return false;
  const std::string category = event.stream.substr(0, event.stream.find('-'));
  if (!item.categories.empty() && !has(item.categories, category)) return false;
  if (!item.types.empty() && !has(item.types, event.type)) return false;
  return std::all_of(item.tags.begin(), item.tags.end(),
                     [&](const std::string& tag) { return has(event.tags, tag); });
}

bool selects(const Query& query, const NewEvent& event) {
  return query.items.empty() ||
         std::any_of(query.items.begin(), query.items.end(),
                     [&](const QueryItem& item) { return selects(item, event); });
}

std::string to_string(const Query& query) {
  std::string text;
  const auto add = [&](const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text += what;
    for (const std::string& name : names) text += ' ' + name;
    text += ';';
  };
  for (const QueryItem& item : query.items) {
    text += text.empty() ? "" : " or ";
    add("streams", item.streams);
    add("categories", item.categories);
    add("types", item.types);
    add("tags", item.tags);
  }
  return text.empty() ? "all" : text;
}

}  // namespace

std::string to_string(const ReadOptions& options) {
  std::string text = to_string(options.query);
  text += options.direction == Direction::forward ? " forward" : " backward";
  const char* how = options.start.inclusive() ? " from " : " after ";
  if (const auto* position = std::get_if<GlobalPosition>(&options.start.place())) {
    text += how + std::string("position ") + to_string(*position);
  } else if (const auto* version = std::get_if<StreamVersion>(&options.start.place())) {
    text += how + std::string("version ") + to_string(*version);
  }
  text += " limit " + std::to_string(options.limit);
  if (const auto* position = std::get_if<GlobalPosition>(&options.as_of.when())) {
    text += " as of position " + to_string(*position);
  } else if (const auto* time = std::get_if<Timestamp>(&options.as_of.when())) {
    text += " as of " + std::to_string(time->time_since_epoch().count());
  }
  return text;
}

bool KnownLog::any_match(const Query& query, GlobalPosition after) const {
  for (std::size_t i = after.value; i < oracle_.log().size(); ++i) {
    if (selects(query, event(i))) return true;
  }
  return false;
}

std::string KnownLog::random_stream(const Dice& dice) const {
  const auto& log = oracle_.log();
  if (log.empty() || dice(20) == 0) return "nobody-" + std::to_string(dice(1'000));
  return event(dice(log.size())).stream;
}

Query KnownLog::random_query(const Dice& dice) const {
  const auto& log = oracle_.log();
  if (log.empty() || dice(15) == 0) return Query::all();
  Query query;
  const std::uint64_t items = dice(6) == 0 ? 2 : 1;
  for (std::uint64_t i = 0; i < items; ++i) {
    const NewEvent& like = event(dice(log.size()));
    QueryItem& item = query.items.emplace_back();
    switch (dice(6)) {
      case 0: item.categories = {like.stream.substr(0, like.stream.find('-'))}; break;
      case 1: item.types = {like.type}; break;
      case 2: item.tags = like.tags; break;
      case 3:
        item.tags = like.tags;
        item.categories = {like.stream.substr(0, like.stream.find('-')), "nothing"};
        item.types = {like.type, "never_happened"};
        break;
      default:
        item.streams = {like.stream};
        if (dice(6) == 0) item.streams.push_back(random_stream(dice));
        if (dice(10) == 0) item.types = {event(dice(log.size())).type};
        break;
    }
  }
  return query;
}

ReadOptions KnownLog::random_read(const Dice& dice) const {
  const auto& log = oracle_.log();
  ReadOptions options{.query = random_query(dice)};
  if (dice(3) == 0) options.query = Query::stream(random_stream(dice));
  options.direction = dice(2) == 0 ? Direction::forward : Direction::backward;
  if (dice(2) == 0) options.limit = dice(4) == 0 ? dice(3) : 1 + dice(50);
  if (log.empty()) return options;
  const bool inclusive = dice(2) == 0;
  if (only_stream(options.query) != nullptr && dice(2) == 0) {
    const StreamVersion version{dice(2) == 0 ? dice(4) : dice(40)};
    options.start = inclusive ? Start::from(version) : Start::after(version);
  } else if (dice(2) == 0) {
    const GlobalPosition position{1 + dice(log.size())};
    options.start = inclusive ? Start::from(position) : Start::after(position);
  }
  switch (dice(4)) {
    case 0: options.as_of = AsOf::position({dice(log.size() + 1)}); break;
    case 1: {
      const Timestamp time = log[dice(log.size())].recorded_at;
      options.as_of = AsOf::recorded(time - std::chrono::microseconds(dice(2)));
      break;
    }
    default: break;
  }
  return options;
}

std::size_t KnownLog::cut(const AsOf& as_of) const {
  const auto& log = oracle_.log();
  if (const auto* position = std::get_if<GlobalPosition>(&as_of.when())) return position->value;
  const auto* time = std::get_if<Timestamp>(&as_of.when());
  if (time == nullptr) return log.size();
  std::size_t count = log.size();
  while (count > 0 && log[count - 1].recorded_at > *time) --count;
  return count;
}

std::vector<std::size_t> KnownLog::expected(const ReadOptions& options, std::size_t cut) const {
  const bool forward = options.direction == Direction::forward;
  const auto begun = [&](auto here, auto start) {
    if (here == start) return options.start.inclusive();
    return forward ? here > start : here < start;
  };
  std::vector<std::size_t> found;
  for (std::size_t step = 0; step < cut && found.size() < options.limit; ++step) {
    const std::size_t i = forward ? step : cut - 1 - step;
    if (!selects(options.query, event(i))) continue;
    if (const auto* position = std::get_if<GlobalPosition>(&options.start.place())) {
      if (!begun(std::uint64_t{i + 1}, position->value)) continue;
    } else if (const auto* version = std::get_if<StreamVersion>(&options.start.place())) {
      if (!begun(oracle_.log()[i].version, *version)) continue;
    }
    found.push_back(i);
  }
  return found;
}

KnownLog::Compared KnownLog::compare(const EventStore& store, const ReadOptions& options) const {
  const auto differs = [&](const std::string& how) {
    return Compared{0, "a read of " + to_string(options) + ": " + how};
  };
  const auto cursor = store.read(options);
  if (!cursor) return differs(annals::to_string(cursor.error()));
  const std::size_t cut_at = cut(options.as_of);
  if ((*cursor)->cut().position.value != cut_at) {
    return differs("cut at " + annals::to_string((*cursor)->cut().position) + ", not at " +
                   std::to_string(cut_at));
  }
  const std::vector<std::size_t> positions = expected(options, cut_at);
  std::size_t compared = 0;
  while (true) {
    // In runs of odd sizes, so that they end anywhere.
    const auto run = (*cursor)->next(compared % 7 == 0 ? 3 : 100);
    if (!run) return differs(annals::to_string(run.error()));
    if (run->empty()) break;
    for (const RecordedEvent& found : *run) {
      if (compared == positions.size()) {
        return differs("one event too many, position " + annals::to_string(found.position));
      }
      const std::size_t i = positions[compared++];
      if (found.position.value != i + 1 || found.version != oracle_.log()[i].version ||
          found.recorded_at != oracle_.log()[i].recorded_at || !same_event(found, event(i))) {
        return differs("position " + annals::to_string(found.position) + " where " +
                       std::to_string(i + 1) + " belongs");
      }
    }
  }
  if (compared != positions.size()) {
    return differs("ends before position " + std::to_string(positions[compared] + 1));
  }
  return {compared, std::nullopt};
}

}  // namespace annals::simulation
