/// @file
/// A state whose type is known at run time only, and how it was loaded.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <annals/aggregates/fold_type.hpp>
#include <annals/eventstore/position.hpp>
#include <annals/eventstore/read.hpp>

namespace annals {

/// Owns one state. Empty only after it was moved from.
class AnyState {
 public:
  /// The state before any event.
  explicit AnyState(const FoldType& type) : type_(&type), data_(type.make()) {}
  AnyState(const AnyState& other)
      : type_(other.type_), data_(other.data_ ? other.type_->copy(other.data_) : nullptr) {}
  AnyState(AnyState&& other) noexcept
      : type_(other.type_), data_(std::exchange(other.data_, nullptr)) {}
  AnyState& operator=(AnyState other) noexcept {
    std::swap(type_, other.type_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~AnyState() {
    if (data_ != nullptr) type_->drop(data_);
  }

  const FoldType& type() const noexcept { return *type_; }
  void* data() noexcept { return data_; }
  const void* data() const noexcept { return data_; }
  /// The state if it is a T, else nullptr.
  template <typename T>
  const T* as() const noexcept {
    return type_ == &fold_type_of<T>() ? static_cast<const T*>(data_) : nullptr;
  }
  template <typename T>
  T* as() noexcept {
    return type_ == &fold_type_of<T>() ? static_cast<T*>(data_) : nullptr;
  }

 private:
  const FoldType* type_;
  void* data_;
};

/// What is known about a load beside the state.
struct LoadInfo {
  std::optional<StreamVersion> version = {};  ///< Of the last event; none: the stream has none.
  GlobalPosition position = {};               ///< Of that event; 0: none.
  Cut cut = {};                               ///< The history that the state reflects.
  std::uint64_t events_folded = 0;  ///< By this load, on top of a snapshot if there was one.
  bool snapshot_used = false;
};

/// A loaded state of a type known at run time only.
struct LoadedState {
  AnyState state;
  LoadInfo info = {};
  /// The version of the newest snapshot that this state is known to follow; policy, not contents.
  std::optional<StreamVersion> snapshot = {};
};

}  // namespace annals
