#include "query_sql.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "event_rows.hpp"

namespace annals::internal {

namespace {

// Builds one statement. Its first two parameters are the bounds, the third is the limit.
class Builder {
 public:
  Builder(const Query& query, const Reach& reach) : query_(query), reach_(reach) {
    parameters_.integer(as_bigint(reach.after.value))
        .integer(as_bigint(reach.up_to.value))
        .integer(as_bigint(reach.limit));
  }

  SelectSql build() {
    std::vector<Branch> branches;
    for (const QueryItem& item : query_.items) add_branches(item, branches);
    if (query_.items.empty()) branches.push_back(everything());
    SelectSql made;
    if (branches.size() == 1) {
      made.sql = std::string("SELECT ") + event_columns + branches.front().from_where_order;
    } else {
      std::string inner;
      for (const Branch& branch : branches) {
        inner += (inner.empty() ? "" : " UNION ALL ");
        inner += "(SELECT e.position" + branch.from_where_order + ")";
      }
      made.sql = std::string("SELECT ") + event_columns +
                 " FROM (SELECT DISTINCT u.position FROM (" + inner + ") AS u ORDER BY u.position" +
                 descending() +
                 " LIMIT $3::bigint) AS p JOIN @schema.events e ON e.position = p.position"
                 " ORDER BY p.position" +
                 descending();
    }
    made.parameters = std::move(parameters_);
    made.worth_keeping = branches.size() <= 4;
    return made;
  }

 private:
  struct Branch {
    std::string from_where_order;
  };

  const char* descending() const { return reach_.direction == Direction::backward ? " DESC" : ""; }

  std::string place_of(const std::string& text) {
    parameters_.text(text);
    return "$" + std::to_string(parameters_.size()) + "::text";
  }

  std::string list_of(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + place_of(text);
    return list;
  }

  Branch everything() const {
    return {
        " FROM @schema.events e WHERE e.position > $1::bigint AND e.position <= $2::bigint"
        " ORDER BY e.position" +
        std::string(descending()) + " LIMIT $3::bigint"};
  }

  // What the item asks for besides what its index is walked by; written so that no other index fits
  // it, whose order would not be that of positions.
  std::string filter(const QueryItem& item, bool types, bool categories, std::size_t tags_from) {
    std::string sql;
    if (types && !item.types.empty())
      sql += " AND coalesce(e.type, '') IN (" + list_of(item.types) + ")";
    if (categories && !item.categories.empty()) {
      sql += " AND coalesce(e.category, '') IN (" + list_of(item.categories) + ")";
    }
    if (item.tags.size() > tags_from) {
      const std::vector<std::string> rest(
          item.tags.begin() + static_cast<std::ptrdiff_t>(tags_from), item.tags.end());
      sql += " AND string_to_array(e.tags, E'\\n') @> ARRAY[" + list_of(rest) + "]";
    }
    return sql;
  }

  // Compared as rows, so that no other index than the one by that column could give the order.
  std::string walk(const std::string& table, const std::string& column, const std::string& name) {
    const std::string place = place_of(name);
    const std::string row = "(" + table + "." + column + ", " + table + ".position)";
    return " WHERE " + row + " > (" + place + ", $1::bigint) AND " + row + " <= (" + place +
           ", $2::bigint)";
  }
  std::string order(const std::string& table, const std::string& column) const {
    return " ORDER BY " + table + "." + column + descending() + ", " + table + ".position" +
           descending() + " LIMIT $3::bigint";
  }

  void add_branches(const QueryItem& item, std::vector<Branch>& branches) {
    if (!item.streams.empty()) {
      for (const std::string& stream : distinct(item.streams)) {
        const std::string place = place_of(stream);
        std::string where = " FROM @schema.events e WHERE e.stream = " + place;
        if (reach_.after.value > 0) {
          where += " AND e.version > @schema.version_at(" + place + ", $1::bigint)";
        }
        if (reach_.closed) {
          where += " AND e.version <= @schema.version_at(" + place + ", $2::bigint)";
        }
        where += " AND e.position > $1::bigint AND e.position <= $2::bigint";
        branches.push_back({where + filter(item, true, true, 0) + " ORDER BY e.version" +
                            descending() + " LIMIT $3::bigint"});
      }
    } else if (!item.tags.empty()) {
      branches.push_back(
          {" FROM @schema.event_tags t JOIN @schema.events e ON e.position = t.position" +
           walk("t", "tag", item.tags.front()) + filter(item, true, true, 1) + order("t", "tag")});
    } else if (!item.types.empty()) {
      for (const std::string& type : distinct(item.types)) {
        branches.push_back({" FROM @schema.events e" + walk("e", "type", type) +
                            filter(item, false, true, 0) + order("e", "type")});
      }
    } else if (!item.categories.empty()) {
      for (const std::string& category : distinct(item.categories)) {
        branches.push_back(
            {" FROM @schema.events e" + walk("e", "category", category) + order("e", "category")});
      }
    } else {
      branches.push_back(everything());
    }
  }

  static std::vector<std::string> distinct(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  const Query& query_;
  const Reach& reach_;
  postgres::Parameters parameters_;
};

}  // namespace

std::int64_t as_bigint(std::uint64_t value) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(value, most));
}

SelectSql select_events(const SchemaName& schema, const Query& query, const Reach& reach) {
  SelectSql made = Builder(query, reach).build();
  made.sql = schema.in(made.sql);
  return made;
}

}  // namespace annals::internal
