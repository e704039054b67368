#include "zstd_block.hpp"

#include <zdict.h>
#include <zstd.h>

namespace annals::internal {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};

}  // namespace

std::vector<std::byte> train_dictionary(std::span<const std::byte> bytes,
                                        std::span<const std::size_t> sizes,
                                        std::size_t dictionary_bytes_max) {
  std::vector<std::byte> dictionary(dictionary_bytes_max);
  const std::size_t made = ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), bytes.data(),
                                                 sizes.data(), static_cast<unsigned>(sizes.size()));
  dictionary.resize(ZDICT_isError(made) != 0 ? 0 : made);
  return dictionary;
}

struct BlockCompressor::State {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context;
  std::unique_ptr<ZSTD_CDict, FreeContext> dictionary;
};

BlockCompressor::BlockCompressor(int level, std::span<const std::byte> dictionary)
    : state_(std::make_unique<State>()) {
  state_->context.reset(ZSTD_createCCtx());
  if (state_->context == nullptr) return;
  ZSTD_CCtx* const context = state_->context.get();
  // What these say lies in the file's own header and table.
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  if (dictionary.empty()) return;
  state_->dictionary.reset(ZSTD_createCDict(dictionary.data(), dictionary.size(), level));
  if (state_->dictionary == nullptr ||
      ZSTD_isError(ZSTD_CCtx_refCDict(context, state_->dictionary.get())) != 0) {
    state_->context.reset();
  }
}

BlockCompressor::~BlockCompressor() = default;

Result<void> BlockCompressor::compress(std::span<const std::byte> block,
                                       std::vector<std::byte>& to) {
  const Error no_memory{ErrorCode::unavailable, "no memory to compress a segment"};
  if (state_->context == nullptr) return no_memory;
  to.resize(ZSTD_compressBound(block.size()));
  const std::size_t bytes =
      ZSTD_compress2(state_->context.get(), to.data(), to.size(), block.data(), block.size());
  if (ZSTD_isError(bytes) != 0) return no_memory;  // With room for any outcome nothing else fails.
  to.resize(bytes);
  return {};
}

struct BlockDictionary::State {
  std::unique_ptr<ZSTD_DDict, FreeContext> dictionary;
};

std::shared_ptr<const BlockDictionary> BlockDictionary::make(std::span<const std::byte> bytes) {
  auto state = std::make_unique<State>();
  state->dictionary.reset(ZSTD_createDDict(bytes.data(), bytes.size()));
  if (state->dictionary == nullptr) return nullptr;
  return std::shared_ptr<const BlockDictionary>(new BlockDictionary(std::move(state)));
}

BlockDictionary::BlockDictionary(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlockDictionary::~BlockDictionary() = default;

std::size_t BlockDictionary::bytes() const { return ZSTD_sizeof_DDict(state_->dictionary.get()); }

bool decompress_block(std::span<const std::byte> packed, const BlockDictionary* dictionary,
                      std::span<std::byte> into) {
  // Making one costs as much as reading a small block.
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) return false;
  const std::size_t bytes =
      dictionary == nullptr
          ? ZSTD_decompressDCtx(context.get(), into.data(), into.size(), packed.data(),
                                packed.size())
          : ZSTD_decompress_usingDDict(context.get(), into.data(), into.size(), packed.data(),
                                       packed.size(), dictionary->state_->dictionary.get());
  return ZSTD_isError(bytes) == 0 && bytes == into.size();
}

}  // namespace annals::internal
