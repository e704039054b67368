#include <algorithm>
#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "table.hpp"

namespace annals::cli {

namespace {

Result<void> show_state(EventStore& store, const std::string& stream, const StateFold& fold,
                        AsOf as_of, Format format, Output& output) {
  const std::string_view id = std::string_view(stream).substr(fold.category.size() + 1);
  auto shown = fold.show(store, id, as_of);
  if (!shown) return std::move(shown).error();
  if (!shown->version) {
    return Error{.code = ErrorCode::stream_not_found,
                 .message = "stream " + stream + " has no events up to position " +
                            std::to_string(shown->cut.position.value)};
  }
  if (format == Format::json) {
    JsonObject object;
    object.text("stream", stream)
        .number("version", shown->version->value)
        .number("as_of_position", shown->cut.position.value)
        .flag("open", shown->cut.open)
        .value("state", shown->json);
    output.line(object.finish());
    return {};
  }
  Properties properties;
  properties.add("stream", stream);
  properties.add("version", std::to_string(shown->version->value));
  properties.add("as of position", std::to_string(shown->cut.position.value));
  properties.add("state", shown->json);
  properties.print(output);
  return {};
}

}  // namespace

Error without_types(std::string_view program, std::string_view command) {
  return {.code = ErrorCode::invalid_argument,
          .message = "'" + std::string(program) + ' ' + std::string(command) +
                     "' needs a program's own types: link annals::cli and write int main(int "
                     "c, char** v) { return annals::cli::main<Account, Balances>(c, v); }, Account "
                     "being your aggregate and Balances your projection; that program has all "
                     "commands"};
}

Result<const StateFold*> fold_of(const std::string& stream, const std::vector<StateFold>& folds) {
  const std::string_view category = category_of(stream);
  const auto found = std::find_if(folds.begin(), folds.end(),
                                  [&](const StateFold& fold) { return fold.category == category; });
  if (found != folds.end() && stream.size() > category.size()) return &*found;
  std::string known;
  for (const StateFold& fold : folds) known += (known.empty() ? "" : ", ") + fold.category + "-…";
  return Error{
      .code = ErrorCode::invalid_argument,
      .message = "stream " + stream + " is no aggregate of this program, which knows " + known};
}

Result<int> show_states(std::string_view program, const std::string& folder,
                        const StateRequest& request, const std::vector<StateFold>& folds,
                        Format format, Output& output) {
  if (folds.empty()) return without_types(program, "state");
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  for (const std::string& stream : request.streams) {
    const auto fold = fold_of(stream, folds);
    if (!fold) return fold.error();
    auto done = show_state(**store, stream, **fold, request.as_of, format, output);
    if (!done) return std::move(done).error();
  }
  return exit_ok;
}

}  // namespace annals::cli
