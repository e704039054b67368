#include <utility>

#include "commands.hpp"
#include "exit_code.hpp"
#include "json_text.hpp"
#include "table.hpp"

namespace annals::cli {

Result<int> show_difference(std::string_view program, const std::string& folder,
                            const DiffRequest& request, const std::vector<StateFold>& folds,
                            Format format, Output& output) {
  if (folds.empty()) return without_types(program, "diff");
  auto store = open_store(folder);
  if (!store) return std::move(store).error();
  const auto fold = fold_of(request.stream, folds);
  if (!fold) return fold.error();
  const std::string_view id = std::string_view(request.stream).substr((*fold)->category.size() + 1);
  auto before = (*fold)->show(**store, id, request.from);
  if (!before) return std::move(before).error();
  auto after = (*fold)->show(**store, id, request.to);
  if (!after) return std::move(after).error();
  if (!after->version && !before->version) {
    return Error{.code = ErrorCode::stream_not_found,
                 .message = "stream " + request.stream + " has no events at either cut"};
  }
  Table table(output, {{"field"}, {"before"}, {"after"}});
  for (std::size_t i = 0; i < before->fields.size(); ++i) {
    const auto& [field, old_value] = before->fields[i];
    const std::string& new_value = after->fields[i].second;
    if (old_value == new_value) continue;
    if (format == Format::json) {
      output.line(JsonObject()
                      .text("stream", request.stream)
                      .number("from_position", before->cut.position.value)
                      .number("to_position", after->cut.position.value)
                      .text("field", field)
                      .value("before", old_value)
                      .value("after", new_value)
                      .finish());
    } else {
      table.row({field, old_value, new_value});
    }
  }
  if (format == Format::table) table.flush();
  return exit_ok;
}

}  // namespace annals::cli
