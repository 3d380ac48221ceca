#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace carat::model {

/// Element type of stored keys and values; part of every cache key.
enum class KvType : std::uint8_t { kF32, kF16, kBF16 };

constexpr std::int64_t kv_element_bytes(KvType type) { return type == KvType::kF32 ? 4 : 2; }
constexpr std::string_view kv_type_name(KvType type) {
  return type == KvType::kF32 ? "f32" : type == KvType::kF16 ? "f16" : "bf16";
}

/// Keys in a page, and in attention's block (docs/arithmetic.md): page p holds absolute positions 64 p ... 64 p + 63.
inline constexpr std::int64_t kKvPageKeys = 64;

/// K/V of one layer that owns some. A page is, for each K/V head in turn:
///   K  [4 groups][head_dim][16 keys]      V  [head_dim / 16][64 keys][16]
/// so that scores walk d and values walk keys through memory in order, a part of d of all pages included.
struct KvLayerLayout {
  std::int64_t layer = 0;  ///< index in ModelConfig::layers
  std::int64_t n_kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t window = 0;  ///< keys a row sees, itself included; 0 = all
  KvType type = KvType::kF32;

  std::int64_t head_bytes() const { return 2 * kKvPageKeys * head_dim * kv_element_bytes(type); }
  std::int64_t page_bytes() const { return n_kv_heads * head_bytes(); }
};

/// Page tables of one sequence: pages[layer][p] for every layer of the model (empty vectors for layers that read a
/// donor's K/V); nullptr = let go of, behind the window. Pages that the step's rows write to must be there and
/// owned by this sequence alone.
struct KvSequencePages {
  std::vector<std::vector<std::byte*>> pages;
};

/// The K/V of all sequences of one step; Row::sequence indexes it. Declared here, owned by runtime.
struct KvView {
  KvType type = KvType::kF32;
  std::span<const KvSequencePages* const> sequences;
};

}  // namespace carat::model
