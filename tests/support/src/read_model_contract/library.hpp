#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <annals/codec/event_type.hpp>
#include <annals/codec/money.hpp>
#include <annals/projections/projection.hpp>
#include <annals/projections/read_model_store.hpp>

// A lending library's read models: what the contract's tests write. They write rows themselves, so
// the rows fold nothing.
namespace annals::testkit::read_model_contract {

struct BookLent {
  std::string book;
  ANNALS_EVENT(BookLent, "book_lent", book);
};

struct Reader {
  std::string name;
  std::int64_t books = 0;
  Money fee{};
  ANNALS_ROW(Reader, "readers", (name), books, fee);
  static constexpr auto comment = "who borrows";
  static constexpr std::string_view indexes[] = {"fee", "books, name"};

  using Events = annals::Events<BookLent>;
  static std::string keys(const BookLent& e) { return e.book; }
  void evolve(const BookLent&) {}
  bool operator==(const Reader&) const = default;
};

/// A key of two columns, one of them a word of SQL.
struct Loan {
  std::string reader;
  std::int64_t order = 0;
  std::string book;
  ANNALS_ROW(Loan, "loans", (reader, order), book);

  using Events = annals::Events<BookLent>;
  static RowKey<Loan> keys(const BookLent& e) { return {e.book, 0}; }
  void evolve(const BookLent&) {}
  bool operator==(const Loan&) const = default;
};

struct Lending {
  static constexpr auto name = "lending";
  static constexpr int version = 1;
  using Tables = annals::Tables<Reader, Loan>;
};

/// Lending as the next release defines it: a column more, and a table less.
struct ReaderWithTown {
  std::string name;
  std::string town;
  std::int64_t books = 0;
  ANNALS_ROW(ReaderWithTown, "readers", (name), town, books);

  using Events = annals::Events<BookLent>;
  static std::string keys(const BookLent& e) { return e.book; }
  void evolve(const BookLent&) {}
  bool operator==(const ReaderWithTown&) const = default;
};

struct LendingWithTowns {
  static constexpr auto name = "lending";
  static constexpr int version = 2;
  using Tables = annals::Tables<ReaderWithTown>;
};

/// Only a key.
struct Shelf {
  std::string name;
  ANNALS_ROW(Shelf, "shelves", (name));

  using Events = annals::Events<BookLent>;
  static std::string keys(const BookLent& e) { return e.book; }
  void evolve(const BookLent&) {}
  bool operator==(const Shelf&) const = default;
};

struct Shelving {
  static constexpr auto name = "a_shelving";
  static constexpr int version = 1;
  using Tables = annals::Tables<Shelf>;
};

/// What a consumer group can share.
struct ShelvingByStream {
  static constexpr auto name = "shelving_by_stream";
  static constexpr int version = 1;
  static constexpr bool rows_of_one_stream = true;
  using Tables = annals::Tables<Shelf>;
};

/// Wants a table that Lending has.
struct RivalLending {
  static constexpr auto name = "rival_lending";
  static constexpr int version = 1;
  using Tables = annals::Tables<Shelf, Loan>;
};

/// SQL beside rows.
struct Notes {
  static constexpr auto name = "notes";
  static constexpr int version = 1;
  static constexpr auto schema =
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT NOT NULL);\n"
      "CREATE INDEX notes_by_note ON notes (note);\n"
      "CREATE VIEW long_notes AS SELECT id FROM notes WHERE length(note) > 5;\n";
  using Tables = annals::Tables<Shelf>;
  using SqlEvents = annals::Events<BookLent>;
  static Result<void> apply(Sql&, const BookLent&, const EventInfo&) { return {}; }
};

struct NotUnderstood {
  static constexpr auto name = "not_understood";
  static constexpr int version = 1;
  static constexpr auto schema = "CREATE TABEL notes (id INTEGER PRIMARY KEY);";
  using SqlEvents = annals::Events<BookLent>;
  static Result<void> apply(Sql&, const BookLent&, const EventInfo&) { return {}; }
};

template <typename R>
TableChange written(const std::vector<R>& rows) {
  TableChange change{.table = &table_type_of<R>()};
  for (const R& row : rows) change.written.push_back(&row);
  return change;
}

template <typename R>
TableChange erased(const std::vector<R>& rows) {
  TableChange change{.table = &table_type_of<R>()};
  for (const R& row : rows) change.erased.push_back(&row);
  return change;
}

inline const ProjectionType& lending() { return projection_type_of<Lending>(); }
inline const ProjectionType& lending_with_towns() { return projection_type_of<LendingWithTowns>(); }
inline const ProjectionType& shelving() { return projection_type_of<Shelving>(); }
inline const ProjectionType& notes() { return projection_type_of<Notes>(); }

}  // namespace annals::testkit::read_model_contract
