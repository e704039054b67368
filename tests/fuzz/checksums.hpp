#pragma once

#include <string>

#include <annals/eventstore/token.hpp>

/// Make the checksums of changed files right again, as far as what they cover can still be found.
/// So what is behind the checksums is tried too.
namespace annals::fuzz {

void sum_manifest(std::string& text);
void sum_mark(std::string& text);
void sum_segment(std::string& text, const StoreId& store, std::uint64_t number);
void sum_packed(std::string& text, const StoreId& store, std::uint64_t number);
void sum_index(std::string& text, const StoreId& store, std::uint64_t number);
void sum_heads(std::string& text);
void sum_snapshots(std::string& text, const StoreId& store);

}  // namespace annals::fuzz
