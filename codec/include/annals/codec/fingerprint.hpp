/// @file
/// Tells whether the shape of a described struct has changed since something was stored.

#pragma once

#include <cstdint>
#include <string>

#include <annals/codec/describe.hpp>
#include <annals/codec/table.hpp>
#include <annals/codec/value_type.hpp>

namespace annals {

/// The shape as text: field names and types, nested ones written out, in the order of the lists:
/// "{open:boolean,balance:money,lines:list<{account:string,amount:money}>}". Names of C++ types are
/// not part of it, so that it is the same with every compiler and after a struct is renamed.
std::string shape_of(const StructTable& table);

/// FNV-1a, 64 bits, of the shape's text. For snapshots and other caches: it is no proof against
/// somebody who wants two shapes to agree.
std::uint64_t fingerprint_of(const StructTable& table);

template <Described T>
std::string shape() {
  return shape_of(table_of<T>());
}

/// Cheap after the first call for T. Thread-safe.
template <Described T>
std::uint64_t fingerprint() {
  static const std::uint64_t value = fingerprint_of(table_of<T>());
  return value;
}

}  // namespace annals
