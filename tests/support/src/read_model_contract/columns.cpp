// Every type of field, there and back through a column.

#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <annals/testkit/read_model_store_contract.hpp>

#include "read_model_contract/contract_files.hpp"
#include "read_model_contract/library.hpp"

namespace annals::testkit {

void read_model_contract::link_columns() {}

namespace read_model_contract {

enum class Binding { cloth, paper };
ANNALS_ENUM(Binding, cloth, paper);

struct Size {
  std::int32_t width = 0;
  std::optional<std::int32_t> height = {};
  ANNALS_FIELDS(Size, width, height);
  bool operator==(const Size&) const = default;
};

/// A column of every kind.
struct Book {
  std::string title;
  bool lent = false;
  std::int8_t tiny = 0;
  std::int16_t small = 0;
  std::int32_t medium = 0;
  std::int64_t large = 0;
  std::uint8_t tiny_count = 0;
  std::uint16_t small_count = 0;
  std::uint32_t medium_count = 0;
  std::uint64_t large_count = 0;
  double weight = 0;
  Money price{};
  Timestamp bought_at{};
  std::chrono::year_month_day printed{std::chrono::year(2000), std::chrono::January,
                                      std::chrono::day(1)};
  StoreId id{};
  Binding binding = Binding::cloth;
  Size size = {};
  std::vector<std::string> authors = {};
  std::set<std::int64_t> copies = {};
  std::map<std::string, std::int64_t> ratings = {};
  std::optional<bool> perhaps_flag = {};
  std::optional<std::int64_t> perhaps_number = {};
  std::optional<double> perhaps_real = {};
  std::optional<std::string> perhaps_text = {};
  std::optional<Money> perhaps_price = {};
  std::optional<Timestamp> perhaps_time = {};
  std::optional<Binding> perhaps_binding = {};
  ANNALS_ROW(Book, "books", (title), lent, tiny, small, medium, large, tiny_count, small_count,
             medium_count, large_count, weight, price, bought_at, printed, id, binding, size,
             authors, copies, ratings, perhaps_flag, perhaps_number, perhaps_real, perhaps_text,
             perhaps_price, perhaps_time, perhaps_binding);
  static constexpr std::string_view indexes[] = {"price", "perhaps_price"};

  using Events = annals::Events<BookLent>;
  static std::string keys(const BookLent& e) { return e.book; }
  void evolve(const BookLent&) {}
  bool operator==(const Book&) const = default;
};

struct Books {
  static constexpr auto name = "books";
  static constexpr int version = 1;
  using Tables = annals::Tables<Book>;
};

}  // namespace read_model_contract

namespace {

using namespace read_model_contract;  // NOLINT: the tables of these tests

const ProjectionType& books() { return projection_type_of<Books>(); }

Book full_book() {
  using std::chrono::January;
  return {.title = "full",
          .lent = true,
          .tiny = -7,
          .small = -700,
          .medium = -70'000,
          .large = -7'000'000'000,
          .tiny_count = 7,
          .small_count = 700,
          .medium_count = 70'000,
          .large_count = 7'000'000'000,
          .weight = 0.1,
          .price = Money::of_minor(1999, "EUR"),
          .bought_at = *parse_timestamp("2024-02-29T12:34:56.000001Z"),
          .printed = {std::chrono::year(1999), January, std::chrono::day(31)},
          .id = {{1, 2, 3}},
          .binding = Binding::paper,
          .size = {.width = 12, .height = 20},
          .authors = {"A \"quoted\" name", "", "Ödön"},
          .copies = {3, 1},
          .ratings = {{"good", 5}, {"bad", -1}},
          .perhaps_flag = false,
          .perhaps_number = 0,
          .perhaps_real = 0.0,
          .perhaps_text = "",
          .perhaps_price = Money::of_minor(-5, "EUR"),
          .perhaps_time = Timestamp{},
          .perhaps_binding = Binding::cloth};
}

template <typename T>
constexpr T lowest = std::numeric_limits<T>::min();
template <typename T>
constexpr T highest = std::numeric_limits<T>::max();

Book book(std::string title) {
  Book result;
  result.title = std::move(title);
  return result;
}

}  // namespace

// Written, and read again both by its key and with all others.
#define EXPECT_KEPT(row)                                                   \
  do {                                                                     \
    const std::vector<Book> rows{row};                                     \
    auto batch = batch_to(claim(books()), 1);                              \
    batch.changes.push_back(written(rows));                                \
    commit(batch);                                                         \
    Book found;                                                            \
    found.title = rows[0].title;                                           \
    RowToLoad wanted{&found};                                              \
    const auto loaded = store().load(table_type_of<Book>(), {&wanted, 1}); \
    ASSERT_TRUE(loaded) << to_string(loaded.error());                      \
    EXPECT_TRUE(wanted.found);                                             \
    EXPECT_EQ(found, rows[0]);                                             \
    EXPECT_EQ(all<Book>(), rows);                                          \
  } while (false)

TEST_P(ReadModelStoreContract, ARowOfDefaultsComesBackAsItIs) { EXPECT_KEPT(book("defaults")); }

TEST_P(ReadModelStoreContract, ARowOfEveryTypeComesBackAsItIs) { EXPECT_KEPT(full_book()); }

TEST_P(ReadModelStoreContract, TheLeastNumbersComeBackAsTheyAre) {
  Book row = book("least");
  row.tiny = lowest<std::int8_t>;
  row.small = lowest<std::int16_t>;
  row.medium = lowest<std::int32_t>;
  row.large = lowest<std::int64_t>;
  row.weight = std::numeric_limits<double>::denorm_min();
  row.price = Money::of_minor(lowest<std::int64_t>, "EUR");
  row.perhaps_number = lowest<std::int64_t>;
  row.perhaps_real = std::numeric_limits<double>::lowest();
  EXPECT_KEPT(row);
}

TEST_P(ReadModelStoreContract, TheGreatestNumbersComeBackAsTheyAre) {
  Book row = book("greatest");
  row.tiny = highest<std::int8_t>;
  row.small = highest<std::int16_t>;
  row.medium = highest<std::int32_t>;
  row.large = highest<std::int64_t>;
  row.tiny_count = highest<std::uint8_t>;
  row.small_count = highest<std::uint16_t>;
  row.medium_count = highest<std::uint32_t>;
  row.large_count = static_cast<std::uint64_t>(highest<std::int64_t>);
  row.weight = highest<double>;
  row.price = Money::of_minor(highest<std::int64_t>, "JPY");
  row.perhaps_number = highest<std::int64_t>;
  EXPECT_KEPT(row);
}

TEST_P(ReadModelStoreContract, AnUnsignedNumberBeyondAColumnIsRefusedAndNothingIsWritten) {
  std::vector<Book> rows{book("kept?"), book("too much")};
  rows[1].large_count = static_cast<std::uint64_t>(highest<std::int64_t>) + 1;
  auto batch = batch_to(claim(books()), 1);
  batch.changes.push_back(written(rows));
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("large_count"), std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(all<Book>().empty());
  EXPECT_FALSE(record("books")->checkpoint);
}

TEST_P(ReadModelStoreContract, ANumberThatIsNotFiniteIsRefused) {
  std::vector<Book> rows{book("a")};
  rows[0].weight = std::nan("");
  auto batch = batch_to(claim(books()), 1);
  batch.changes.push_back(written(rows));
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_P(ReadModelStoreContract, TextsOfAnyScriptAndWithSignsOfSqlComeBackAsTheyAre) {
  Book row = book("Ærøskøbing 日本 🦉 '; DROP TABLE books; -- \"\\ % _ ?1");
  row.authors = {"O'Neill", "\n\t", "\\"};
  row.perhaps_text = "two\nlines";
  EXPECT_KEPT(row);
}

TEST_P(ReadModelStoreContract, AnEmptyTextIsNotNothing) {
  Book row = book("");
  row.perhaps_text = "";
  EXPECT_KEPT(row);
}

TEST_P(ReadModelStoreContract, ATextWithANulCharacterIsKeptWholeOrRefused) {
  std::vector<Book> rows{book("a")};
  rows[0].perhaps_text = std::string("before\0after", 12);
  auto batch = batch_to(claim(books()), 1);
  batch.changes.push_back(written(rows));
  const auto answer = store().commit(batch);
  if (answer) {
    EXPECT_EQ(all<Book>(), rows);
  } else {
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(all<Book>().empty());
  }
}

TEST_P(ReadModelStoreContract, ATextThatIsNotUtf8IsRefused) {
  const std::vector<Book> rows{book("\xff\xfe")};
  auto batch = batch_to(claim(books()), 1);
  batch.changes.push_back(written(rows));
  const auto refused = store().commit(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST_P(ReadModelStoreContract, ALongTextComesBackAsItIs) {
  Book row = book(std::string(2'000, 'k'));  // A key, too.
  row.perhaps_text = std::string(1'000'000, 'x');
  EXPECT_KEPT(row);
}

TEST_P(ReadModelStoreContract, AmountsSortAndAddUpByTheirMinorUnits) {
  std::vector<Book> rows;
  const auto priced = [&](std::string title, Money price) {
    rows.push_back(book(std::move(title)));
    rows.back().price = price;
    rows.back().perhaps_price = price;
  };
  priced("a", Money::of_minor(1000, "EUR"));
  priced("b", Money::of_minor(999, "EUR"));
  priced("c", Money::of_minor(-5, "EUR"));
  priced("d", Money::of_minor(-100'000, "EUR"));
  priced("e", Money{});
  priced("f", Money::of_minor(70, "JPY"));
  priced("g", Money::of_minor(5, "EUR"));
  rows.push_back(book("h"));  // An optional amount that is not there has no minor units either.
  auto batch = batch_to(claim(books()), 1);
  batch.changes.push_back(written(rows));
  commit(batch);

  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  Rows reader(**transaction);
  const auto sorted =
      reader.where<Book>("WHERE perhaps_price_minor IS NOT NULL ORDER BY price_minor");
  ASSERT_TRUE(sorted) << to_string(sorted.error());
  std::string order;
  for (const Book& row : *sorted) order += row.title;
  EXPECT_EQ(order, "dcegfba");

  std::int64_t sum = 0;
  const auto summed = (*transaction)
                          ->sql()
                          .select("SELECT CAST(sum(price_minor) AS BIGINT) FROM books", {},
                                  [&](std::span<const Cell> cells) -> Result<void> {
                                    sum = std::get<std::int64_t>(cells[0]);
                                    return {};
                                  });
  ASSERT_TRUE(summed) << to_string(summed.error());
  EXPECT_EQ(sum, 1000 + 999 - 5 - 100'000 + 70 + 5);
}

TEST_P(ReadModelStoreContract, TimesSortAsTheyFollowEachOther) {
  std::vector<Book> rows{book("late"), book("early"), book("middle")};
  rows[0].bought_at = *parse_timestamp("2024-03-01T00:00:00Z");
  rows[1].bought_at = *parse_timestamp("1969-12-31T23:59:59.999999Z");
  rows[2].bought_at = *parse_timestamp("2024-02-29T23:59:59.999999Z");
  auto batch = batch_to(claim(books()), 1);
  batch.changes.push_back(written(rows));
  commit(batch);
  auto transaction = store().read();
  ASSERT_TRUE(transaction);
  const auto found = Rows(**transaction)
                         .where<Book>("WHERE bought_at < ?1 ORDER BY bought_at",
                                      *parse_timestamp("2024-03-01T00:00:00Z"));
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].title, "early");
  EXPECT_EQ((*found)[1].title, "middle");
}

}  // namespace annals::testkit
