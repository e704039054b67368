#include "batch_fold.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>

#include "row_key.hpp"

namespace annals::internal {

namespace {

Error fold_error(const ProjectionType& projection, ErrorCode code, const RecordedEvent& event,
                 const std::string& why) {
  return Error{.code = code,
               .message = "projection " + std::string(projection.name) + ": event " +
                          std::string(event.type) + " of stream " + std::string(event.stream) +
                          ", version " + to_string(event.version) + " (position " +
                          to_string(event.position) + "): " + why,
               .position = event.position};
}

// Runs a user's function; what it throws becomes the reason it failed.
template <typename Function>
std::optional<std::string> why_it_threw(const Function& function) {
  try {
    function();
    return std::nullopt;
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

// The row's key as bytes that are equal only for equal keys.
Result<void> write_key(const TableType& type, const void* row, std::string& bytes) {
  bytes.clear();
  Cell cell;
  for (std::size_t i = 0; i < type.key_columns; ++i) {
    const FieldEntry& field = type.columns->fields[i];
    // Tables have one accessor for reading and writing; this only reads.
    if (auto put = write_cell(field.type, field.get(const_cast<void*>(row)), cell); !put) {
      return Error{.code = ErrorCode::corrupt,
                   .message = "key " + std::string(field.name) + " of table " +
                              std::string(type.name) + ": " + put.error().message};
    }
    append_key(cell, bytes);
  }
  return {};
}

}  // namespace

/// Finds or makes the rows that one event names in one table.
class BatchFold::Keys final : public KeySink {
 public:
  Keys(BatchFold& fold, const RowSlot& slot, std::size_t table, std::size_t event)
      : fold_(fold), slot_(slot), table_(table), event_(event), first_(fold.steps_.size()) {}

  bool take(const void* row_with_key) override {
    TableRows& rows = fold_.tables_[table_];
    const TableType& type = *rows.type;
    if (auto written = write_key(type, row_with_key, key_); !written) {
      failure_ = written.error().message;
      return false;
    }
    const Partition& partition = fold_.partition_;
    const bool by_row = partition.split_by == SplitBy::row;
    if (by_row && partition.count > 1 && partition_of(key_, partition.count) != partition.index) {
      return true;
    }
    const auto [place, fresh] = rows.by_key.try_emplace(key_, rows.entries.size());
    if (fresh) {
      rows.entries.push_back({Object(type.copy(row_with_key), type.drop)});
      if (auto found = find_parked(type, row_with_key, rows.entries.back()); !found) {
        failure_ = found.error().message;
        return false;
      }
      rows.entries.back().stream = stream();
    } else if (!by_row && rows.entries[place->second].stream != stream()) {
      refuse(row_with_key, rows.entries[place->second].stream);
      return false;
    }
    if (fold_.parking_.only != nullptr && rows.entries[place->second].parked_as) return true;
    // An event that names a row twice counts once.
    for (std::size_t i = first_; i < fold_.steps_.size(); ++i) {
      if (fold_.steps_[i].entry == place->second) return true;
    }
    fold_.steps_.push_back({&slot_, table_, place->second, event_});
    return true;
  }
  const std::string& failure() const { return failure_; }
  /// The projection is not what it says it is.
  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  std::string_view stream() const { return fold_.decoded_[event_].info->stream; }
  void refuse(const void* row, std::string_view other) {
    const TableType& type = *fold_.tables_[table_].type;
    const auto key = key_text(type, row);
    refusal_ = Error{
        .code = ErrorCode::invalid_argument,
        .message = "projection " + std::string(fold_.projection_.name) + ", table " +
                   std::string(type.name) + ": row " + (key ? *key : "") +
                   " is made of events of stream " + std::string(other) + " and of stream " +
                   std::string(stream()) +
                   ", so it cannot be shared by stream, whatever rows_of_one_stream says: project "
                   "it from all partitions of the topic, and rebuild it"};
  }

  // With `only`, all rows but that one are as if parked.
  Result<void> find_parked(const TableType& type, const void* row, Entry& entry) const {
    const ParkingMode& parking = fold_.parking_;
    const bool some = parking.keys != nullptr && parking.keys->any_of(type.name);
    if (parking.only == nullptr && !some) return {};
    auto text = key_text(type, row);
    if (!text) return std::move(text).error();
    const bool parked = parking.only != nullptr
                            ? *parking.only != ParkedRow{std::string(type.name), *text}
                            : parking.keys->contains(type.name, *text);
    if (parked) entry.be_parked(*std::move(text), fold_.hash_of(key_));
    return {};
  }

  BatchFold& fold_;
  const RowSlot& slot_;
  std::size_t table_;
  std::size_t event_;
  std::size_t first_;
  std::string key_;
  std::string failure_;
  std::optional<Error> refusal_;
};

BatchFold::BatchFold(const ProjectionType& projection, const Upcasters& upcasters,
                     Partition partition, ParkingMode parking)
    : projection_(projection),
      upcasters_(upcasters),
      partition_(partition),
      parking_(parking),
      types_(projection.event_types()) {
  for (std::size_t i = 0; i < projection.table_count; ++i) {
    const TableType& type = *projection.tables[i];
    tables_.push_back({&type, Object(type.make(), type.drop), {}, {}});
  }
}

Result<void> BatchFold::add(const RecordedEvent& event) {
  const std::string_view name = upcasters_.current_name(event.type);
  const auto type = std::find_if(types_.begin(), types_.end(),
                                 [&](const EventType* known) { return known->name == name; });
  if (type == types_.end()) return {};
  if (event.content_type != ContentType::json) {
    return fold_error(projection_, ErrorCode::unsupported, event,
                      "its content is " + std::string(to_string(event.content_type)) +
                          ", and only json can be folded");
  }
  auto decoded = decode_event(**type, event.schema_version, event.data, upcasters_);
  if (!decoded) {
    const ErrorCode code = decoded.error().code == ErrorCode::unsupported ? ErrorCode::unsupported
                                                                          : ErrorCode::corrupt;
    return fold_error(projection_, code, event, decoded.error().message);
  }
  const std::size_t index = decoded_.size();
  decoded_.push_back({*std::move(decoded), &event});
  const std::size_t steps_before = steps_.size() + sql_steps_.size();
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    if (const RowSlot* slot = tables_[t].type->find(**type)) {
      if (auto collected = collect_keys(*slot, t, index); !collected) return collected;
    }
  }
  for (std::size_t i = 0; parking_.only == nullptr && i < projection_.sql_count; ++i) {
    if (projection_.sql[i].type == *type) sql_steps_.push_back({&projection_.sql[i], index});
  }
  if (steps_.size() + sql_steps_.size() > steps_before) ++events_;
  return {};
}

Result<void> BatchFold::collect_keys(const RowSlot& slot, std::size_t table, std::size_t event) {
  Keys keys(*this, slot, table, event);
  const Decoded& decoded = decoded_[event];
  const auto thrown = why_it_threw(
      [&] { slot.keys(decoded.event.data(), *decoded.info, tables_[table].scratch.get(), keys); });
  if (thrown) {
    return fold_error(
        projection_, ErrorCode::corrupt, *decoded.info,
        "keys of table " + std::string(tables_[table].type->name) + " threw: " + *thrown);
  }
  if (keys.refusal()) return *keys.refusal();
  if (!keys.failure().empty()) {
    return fold_error(projection_, ErrorCode::corrupt, *decoded.info, keys.failure());
  }
  return {};
}

std::uint64_t BatchFold::hash_of(std::string_view key) const {
  const std::uint64_t hash = key_hash(key);
  if (partition_.split_by == SplitBy::row) return hash;
  // Nothing about the key tells the partition: its remainder is made to.
  return hash / 2 / partition_.count * partition_.count + partition_.index;
}

Result<void> BatchFold::load(ReadModelStore& rows) {
  for (TableRows& table : tables_) {
    std::vector<RowToLoad> wanted;
    wanted.reserve(table.entries.size());
    for (Entry& entry : table.entries) {
      if (!entry.parked_as) wanted.push_back({entry.row.get()});
    }
    if (auto loaded = rows.load(*table.type, wanted); !loaded) return loaded;
    auto loaded = wanted.begin();
    for (Entry& entry : table.entries) {
      if (!entry.parked_as) entry.in_table = entry.present = (loaded++)->found;
    }
  }
  return {};
}

Result<void> BatchFold::fold(ReadModelStore& rows) {
  if (auto loaded = load(rows); !loaded) return loaded;
  for (const Step& step : steps_) {
    if (tables_[step.table].entries[step.entry].parked_as) {
      park(step, {});
    } else if (parking_.park_after_tries > 0) {
      if (auto applied = apply_or_park(step); !applied) return applied;
    } else if (auto applied = apply(step); !applied) {
      failed_at_a_row_ = true;
      return applied;
    }
  }
  for (const TableRows& table : tables_) {
    std::string now;
    for (const auto& [key, entry] : table.by_key) {
      if (auto written = write_key(*table.type, table.entries[entry].row.get(), now); !written) {
        return written;
      }
      if (now == key) continue;
      failed_at_a_row_ = true;
      return Error{.code = ErrorCode::corrupt,
                   .message = "projection " + std::string(projection_.name) + ", table " +
                              std::string(table.type->name) +
                              ": evolve changed the key of a row; only `keys` may choose it"};
    }
  }
  return {};
}

Result<void> BatchFold::apply(const Step& step) {
  const TableType& type = *tables_[step.table].type;
  Entry& entry = tables_[step.table].entries[step.entry];
  const Decoded& decoded = decoded_[step.event];
  // Nothing to drop, and nothing to change.
  if (!entry.present && step.slot->evolve == nullptr) return {};
  bool dropped = false;
  const auto thrown = why_it_threw([&] {
    const void* event = decoded.event.data();
    if (step.slot->evolve != nullptr) step.slot->evolve(entry.row.get(), event, *decoded.info);
    if (step.slot->drop != nullptr) {
      dropped = step.slot->drop(entry.row.get(), event, *decoded.info);
    }
  });
  if (thrown) {
    return fold_error(projection_, ErrorCode::corrupt, *decoded.info,
                      "folding it into table " + std::string(type.name) + " threw: " + *thrown);
  }
  entry.present = !dropped;
  entry.touched = true;
  if (dropped) return start_anew(type, entry);
  return {};
}

Result<void> BatchFold::apply_or_park(const Step& step) {
  const TableType& type = *tables_[step.table].type;
  Entry& entry = tables_[step.table].entries[step.entry];
  Object before(type.copy(entry.row.get()), type.drop);
  const bool present = entry.present;
  const bool touched = entry.touched;
  auto applied = apply(step);
  if (applied) applied = check_row(step, before.get());
  if (applied) return {};
  entry.row = std::move(before);
  entry.present = present;
  entry.touched = touched;
  auto key = key_text(type, entry.row.get());
  if (!key) return std::move(key).error();
  std::string bytes;
  if (auto written = write_key(type, entry.row.get(), bytes); !written) return written;
  entry.be_parked(*std::move(key), hash_of(bytes));
  park(step, applied.error().message);
  return {};
}

Result<void> BatchFold::check_row(const Step& step, const void* before) const {
  const TableType& type = *tables_[step.table].type;
  const Entry& entry = tables_[step.table].entries[step.entry];
  std::string key_before;
  std::string key_now;
  auto written = write_key(type, before, key_before);
  if (written) written = write_key(type, entry.row.get(), key_now);
  std::string why;
  if (!written) why = written.error().message;
  if (written && key_before != key_now) why = "evolve changed the key of a row";
  for (std::size_t i = 0; why.empty() && entry.present && i < type.columns->count; ++i) {
    const FieldEntry& field = type.columns->fields[i];
    Cell cell;
    if (auto put = write_cell(field.type, field.get(entry.row.get()), cell); !put) {
      why = "column " + std::string(field.name) + ": " + put.error().message;
    }
  }
  if (why.empty()) return {};
  return fold_error(projection_, ErrorCode::corrupt, *decoded_[step.event].info,
                    "table " + std::string(type.name) + ": " + why);
}

// REQUIRES: the row is parked.
void BatchFold::park(const Step& step, const std::string& failure) {
  const TableRows& table = tables_[step.table];
  const Entry& entry = table.entries[step.entry];
  ParkedEvent& event = parked_.emplace_back();
  event.row = {std::string(table.type->name), *entry.parked_as};
  event.key_hash = entry.key_hash;
  event.position = decoded_[step.event].info->position;
  event.failure = failure;
  event.tries = failure.empty() ? 0 : parking_.park_after_tries;
}

// After a drop the next event finds R{} with the key, as if the row had never been.
Result<void> BatchFold::start_anew(const TableType& type, Entry& entry) {
  Object fresh(type.make(), type.drop);
  for (std::size_t i = 0; i < type.key_columns; ++i) {
    const FieldEntry& field = type.columns->fields[i];
    Cell cell;
    if (auto put = write_cell(field.type, field.get(entry.row.get()), cell); !put) return put;
    auto read = read_cell(cell, field.type, field.get(fresh.get()), field.name);
    if (!read) return read;
  }
  entry.row = std::move(fresh);
  return {};
}

std::vector<TableChange> BatchFold::changes() const {
  std::vector<TableChange> changes;
  for (const TableRows& table : tables_) {
    TableChange change{table.type};
    for (const Entry& entry : table.entries) {
      if (!entry.touched) continue;
      if (entry.present) {
        change.written.push_back(entry.row.get());
      } else if (entry.in_table) {
        change.erased.push_back(entry.row.get());
      }
    }
    if (!change.written.empty() || !change.erased.empty()) changes.push_back(std::move(change));
  }
  return changes;
}

std::function<Result<void>(Sql&)> BatchFold::sql() const {
  if (sql_steps_.empty()) return {};
  return [this](Sql& sql) -> Result<void> {
    for (const SqlStep& step : sql_steps_) {
      const Decoded& decoded = decoded_[step.event];
      Result<void> applied;
      const auto thrown = why_it_threw(
          [&] { applied = step.slot->apply(sql, decoded.event.data(), *decoded.info); });
      if (thrown) {
        return fold_error(projection_, ErrorCode::corrupt, *decoded.info,
                          "its SQL threw: " + *thrown);
      }
      if (applied) continue;
      // The database's own troubles are not the event's.
      if (applied.error().code == ErrorCode::unavailable) return applied;
      const bool refused = applied.error().code == ErrorCode::invalid_argument;
      return fold_error(projection_, refused ? ErrorCode::invalid_argument : ErrorCode::corrupt,
                        *decoded.info, applied.error().message);
    }
    return {};
  };
}

}  // namespace annals::internal
