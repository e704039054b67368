// A program that says how fresh its answers have to be, and carries what it has seen in a header.
// The rows that a query bus asks come with the component that holds them.
#include <cstdint>
#include <optional>
#include <string>

#include <annals/eventstore/memory_event_store.hpp>
#include <annals/queries/query_bus.hpp>
#include <annals/queries/session.hpp>

struct PageTurned {
  std::int64_t pages = 0;
  ANNALS_EVENT(PageTurned, "page_turned", pages);
};

struct Bookmark {
  std::string book;
  std::int64_t page = 0;
  ANNALS_ROW(Bookmark, "bookmarks", (book), page);

  using Events = annals::Events<PageTurned>;
  static std::string keys(const PageTurned&, const annals::EventInfo& info) {
    return std::string(info.stream);
  }
  void evolve(const PageTurned& e) { page += e.pages; }
};

struct Bookmarks {
  static constexpr auto name = "bookmarks";
  static constexpr int version = 1;
  using Tables = annals::Tables<Bookmark>;
};

struct PageOf {
  std::string book;
  using Projection = Bookmarks;
  annals::Result<std::optional<Bookmark>> answer(annals::Rows& rows) const {
    return rows.find<Bookmark>(book);
  }
};

// Linked, not called.
[[gnu::used]] annals::Result<annals::Answer<std::optional<Bookmark>>> page_of(
    annals::QueryBus& queries, const annals::Session& session) {
  return queries.ask(PageOf{"emma"}, session.consistency());
}

int main() {
  const auto store = annals::make_memory_event_store();
  const auto receipt = store->append(
      {.events = {{.stream = "book-emma", .type = "page_turned", .data = R"({"pages":12})"}},
       .checks = {{"book-emma", annals::ExpectedVersion::no_stream()}}});
  if (!receipt) return 1;
  annals::Session session;
  if (!session.observe(*receipt)) return 2;
  const auto token = annals::parse_token(to_string(*session.token()));
  if (!token || *token != receipt->token()) return 3;
  return annals::query_type_of<PageOf>().projections.size() == 1 &&
                 session.consistency().level() == annals::Consistency::Level::at_least
             ? 0
             : 4;
}
