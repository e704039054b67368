#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <annals/eventstore/result.hpp>

#include "bytes.hpp"

/// Blocks of bytes made small and read back, each by itself. zstd stays behind this file.
namespace annals::internal {

/// A dictionary for blocks that look like `samples`, which lie one behind the other in `bytes` and
/// have the sizes given; empty if they are too few to learn from.
std::vector<std::byte> train_dictionary(std::span<const std::byte> bytes,
                                        std::span<const std::size_t> sizes,
                                        std::size_t dictionary_bytes_max);

/// Makes blocks small. For one thread at a time.
class BlockCompressor {
 public:
  /// Without a dictionary if it is empty.
  BlockCompressor(int level, std::span<const std::byte> dictionary);
  ~BlockCompressor();
  BlockCompressor(const BlockCompressor&) = delete;
  BlockCompressor& operator=(const BlockCompressor&) = delete;

  /// Puts what `block` becomes into `to`, in place of what was there.
  ///
  /// Errors: unavailable (no memory).
  Result<void> compress(std::span<const std::byte> block, std::vector<std::byte>& to);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

/// What blocks that were made with a dictionary are read with. Thread-safe.
class BlockDictionary {
 public:
  /// Copies `bytes`. Nothing if there is no memory for it.
  static std::shared_ptr<const BlockDictionary> make(std::span<const std::byte> bytes);
  ~BlockDictionary();
  BlockDictionary(const BlockDictionary&) = delete;
  BlockDictionary& operator=(const BlockDictionary&) = delete;

  /// Bytes of memory that it takes.
  std::size_t bytes() const;

 private:
  friend bool decompress_block(std::span<const std::byte>, const BlockDictionary*,
                               std::span<std::byte>);
  struct State;
  explicit BlockDictionary(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

/// Reads a block that fills `into` exactly; false if it does not, whatever its bytes are. Takes no
/// more memory than `into` and a fixed amount for each thread.
bool decompress_block(std::span<const std::byte> packed, const BlockDictionary* dictionary,
                      std::span<std::byte> into);

}  // namespace annals::internal
