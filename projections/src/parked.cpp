// What is parked, read by selects that every database understands.

#include <charconv>
#include <utility>

#include <annals/eventstore/assert.hpp>
#include <annals/projections/cell.hpp>
#include <annals/projections/parked.hpp>
#include <annals/projections/read_model_store.hpp>

namespace annals {

namespace {

// Of each parked key the first event has a failure, and only that one.
constexpr const char* select_keys =
    "SELECT p.projection, p.row_table, p.row_key, p.key_hash, p.position, p.failure, p.tries, "
    "p.parked_at, p.wish, (SELECT count(*) FROM annals_parked q WHERE q.projection = p.projection "
    "AND q.row_table = p.row_table AND q.row_key = p.row_key AND "
    "q.skipped_at IS NULL) FROM annals_parked p WHERE p.failure <> '' AND p.skipped_at IS NULL";
constexpr const char* select_events =
    "SELECT row_table, row_key, key_hash, position, failure, tries, wish, parked_at, skipped_at "
    "FROM "
    "annals_parked WHERE projection = ?1 AND skipped_at IS ";

/// The cells of one row in turn; remembers whether one was not what it has to be.
class Cells {
 public:
  explicit Cells(std::span<const Cell> cells) : cells_(cells) {}

  std::string text() {
    const auto* text = std::get_if<std::string>(&next());
    good_ = good_ && text != nullptr;
    return text != nullptr ? *text : std::string();
  }
  std::uint64_t number() {
    const auto* number = std::get_if<std::int64_t>(&next());
    good_ = good_ && number != nullptr;
    return number != nullptr ? static_cast<std::uint64_t>(*number) : 0;
  }
  /// Nothing for NULL.
  std::optional<Timestamp> perhaps_time() {
    const Cell& cell = next();
    if (std::holds_alternative<std::monostate>(cell)) return std::nullopt;
    const auto* text = std::get_if<std::string>(&cell);
    auto time = text != nullptr ? parse_timestamp(*text) : std::nullopt;
    good_ = good_ && time;
    return time;
  }
  Timestamp time() {
    const auto time = perhaps_time();
    good_ = good_ && time;
    return time.value_or(Timestamp{});
  }
  ParkedWish wish() {
    const std::string name = text();
    for (const auto wish :
         {ParkedWish::none, ParkedWish::retry, ParkedWish::skip, ParkedWish::skip_all}) {
      if (to_string(wish) == name) return wish;
    }
    good_ = false;
    return ParkedWish::none;
  }
  Result<void> end() const {
    if (good_ && at_ == cells_.size()) return {};
    return Error{.code = ErrorCode::corrupt,
                 .message = "a row of annals_parked cannot be read",
                 .place = Error::Place{"annals_parked", 0}};
  }

 private:
  const Cell& next() {
    static const Cell null;
    if (at_ < cells_.size()) return cells_[at_++];
    good_ = false;
    return null;
  }
  std::span<const Cell> cells_;
  std::size_t at_ = 0;
  bool good_ = true;
};

Result<std::vector<ParkedKey>> read_keys(ReadTransaction& transaction, const std::string& which,
                                         const std::vector<Cell>& arguments) {
  std::vector<ParkedKey> keys;
  auto done =
      transaction.sql().select(select_keys + which + " ORDER BY p.position, p.row_table, p.row_key",
                               arguments, [&keys](std::span<const Cell> row) {
                                 Cells cells(row);
                                 ParkedKey& key = keys.emplace_back();
                                 key.projection = cells.text();
                                 key.row.table = cells.text();
                                 key.row.key = cells.text();
                                 key.key_hash = cells.number();
                                 key.first_position = GlobalPosition{cells.number()};
                                 key.failure = cells.text();
                                 key.tries = static_cast<std::uint32_t>(cells.number());
                                 key.since = cells.time();
                                 key.wish = cells.wish();
                                 key.events = cells.number();
                                 return cells.end();
                               });
  if (!done) return std::move(done).error();
  return keys;
}

Result<std::vector<ParkedEvent>> read_events(ReadTransaction& transaction, const std::string& which,
                                             const std::vector<Cell>& arguments) {
  std::vector<ParkedEvent> events;
  auto done = transaction.sql().select(select_events + which + " ORDER BY position", arguments,
                                       [&events](std::span<const Cell> row) {
                                         Cells cells(row);
                                         ParkedEvent& event = events.emplace_back();
                                         event.row.table = cells.text();
                                         event.row.key = cells.text();
                                         event.key_hash = cells.number();
                                         event.position = GlobalPosition{cells.number()};
                                         event.failure = cells.text();
                                         event.tries = static_cast<std::uint32_t>(cells.number());
                                         event.wish = cells.wish();
                                         event.parked_at = cells.time();
                                         const auto skipped_at = cells.perhaps_time();
                                         event.skipped = skipped_at.has_value();
                                         event.skipped_at = skipped_at.value_or(Timestamp{});
                                         return cells.end();
                                       });
  if (!done) return std::move(done).error();
  return events;
}

}  // namespace

std::string_view to_string(ParkedWish wish) noexcept {
  switch (wish) {
    case ParkedWish::none: return "";
    case ParkedWish::retry: return "retry";
    case ParkedWish::skip: return "skip";
    case ParkedWish::skip_all: return "skip_all";
  }
  ANNALS_ASSERT(false, "a wish for parked events that has no name");
  return "";
}

Error nothing_parked(std::string_view projection, const ParkedRow& row) {
  return {.code = ErrorCode::invalid_argument,
          .message = "nothing is parked for key '" + row.key + "'" +
                     (row.table.empty() ? "" : " of table " + row.table) + " in projection " +
                     std::string(projection)};
}

Result<std::string> key_text(const TableType& table, const void* row) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < table.key_columns; ++i) {
    const FieldEntry& field = table.columns->fields[i];
    Cell cell;
    // Tables have one accessor for reading and writing; this only reads.
    if (auto put = write_cell(field.type, field.get(const_cast<void*>(row)), cell); !put) {
      return std::move(put).error();
    }
    std::string& text = texts.emplace_back();
    if (auto* held = std::get_if<std::string>(&cell)) {
      text = std::move(*held);
    } else if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
      text = std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&cell)) {
      char digits[32];
      // -0 is the same key.
      const double number = *real == 0 ? 0.0 : *real;
      text.assign(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
    }
  }
  if (texts.size() == 1) return std::move(texts.front());
  auto array = to_cell(texts);
  if (!array) return std::move(array).error();
  return std::get<std::string>(*std::move(array));
}

Result<std::vector<ParkedKey>> parked_keys(ReadTransaction& transaction,
                                           std::string_view projection) {
  if (projection.empty()) return read_keys(transaction, "", {});
  return read_keys(transaction, " AND p.projection = ?1", {std::string(projection)});
}

Result<std::vector<ParkedKey>> keys_with_wishes(ReadTransaction& transaction,
                                                std::string_view projection) {
  return read_keys(transaction, " AND p.projection = ?1 AND p.wish <> ''",
                   {std::string(projection)});
}

Result<std::optional<ParkedKey>> parked_key(ReadTransaction& transaction, const ParkedRow& row) {
  auto keys =
      read_keys(transaction, " AND p.row_table = ?1 AND p.row_key = ?2", {row.table, row.key});
  if (!keys) return std::move(keys).error();
  if (keys->empty()) return std::optional<ParkedKey>();
  return std::optional<ParkedKey>(std::move(keys->front()));
}

Result<std::vector<ParkedEvent>> parked_events(ReadTransaction& transaction,
                                               std::string_view projection, const ParkedRow& row) {
  return read_events(transaction, "NULL AND row_table = ?2 AND row_key = ?3",
                     {std::string(projection), row.table, row.key});
}

Result<std::vector<ParkedEvent>> skipped_events(ReadTransaction& transaction,
                                                std::string_view projection) {
  return read_events(transaction, "NOT NULL", {std::string(projection)});
}

}  // namespace annals
