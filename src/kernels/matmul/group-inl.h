// What both arithmetics share: where a packed group has its codes, scales and minima, and how its 16 results are
// stored. Included by targets/*.cc inside the ISA namespace.

// Where block i (counted from the start of the row) of a group has its codes, scale and minimum.
template <PackedFormat Format>
struct GroupReader {
  static constexpr PackedTraits kTraits = packed_traits(Format);
  static constexpr std::int64_t kChunkBytes = packed_chunk_bytes(Format);
  static constexpr int kHalfBytes = kTraits.code_bits * 64;
  static constexpr int kBlocksPerSuper = 256 / kTraits.block;
  static constexpr int kFactorBytes =
      kBlocksPerSuper * 16 * (kTraits.has_min ? 2 : 1);  // K formats, at a chunk's start

  const std::uint8_t* group;
  const std::uint8_t* chunks;

  GroupReader(const PackedView& w, std::int64_t index)
      : group(w.data + index * w.group_bytes), chunks(group + w.head_bytes) {}

  // Codes of the half that begins at k (a multiple of 32).
  const std::uint8_t* codes(std::int64_t k) const {
    if constexpr (kTraits.super) {
      return chunks + k / 256 * kChunkBytes + kFactorBytes + k % 256 / 32 * kHalfBytes;
    } else {
      return chunks + k / 64 * kChunkBytes + k % 64 / 32 * kHalfBytes;
    }
  }
  F scale(std::int64_t k) const {
    if constexpr (kTraits.super) {
      const std::uint8_t* factor = chunks + k / 256 * kChunkBytes + k % 256 / kTraits.block * 16;
      const auto* d = reinterpret_cast<const std::uint16_t*>(group + k / 256 * (kTraits.has_min ? 64 : 32));
      return mul(load_f16(d), load_i8(reinterpret_cast<const std::int8_t*>(factor)));
    } else {
      const std::uint8_t* p = chunks + k / 64 * kChunkBytes + 2 * kHalfBytes + k % 64 / 32 * 16 * kTraits.scale_bytes;
      if constexpr (kTraits.scale_bytes == 4) {
        return load(reinterpret_cast<const float*>(p));
      } else {
        return load_f16(reinterpret_cast<const std::uint16_t*>(p));
      }
    }
  }
  // Negated, ready for fma.
  F minus_min(std::int64_t k) const {
    F m;
    if constexpr (kTraits.super) {
      const std::uint8_t* factor = chunks + k / 256 * kChunkBytes + (kBlocksPerSuper + k % 256 / kTraits.block) * 16;
      const auto* d = reinterpret_cast<const std::uint16_t*>(group + k / 256 * 64 + 32);
      m = mul(load_f16(d), load_u8(factor));
    } else {
      const std::uint8_t* p = chunks + k / 64 * kChunkBytes + 2 * kHalfBytes + 64 + k % 64 / 32 * 32;
      m = load_f16(reinterpret_cast<const std::uint16_t*>(p));
    }
    return mul(m, set1(-1.0f));
  }
};

// The 16 results of a group, as store_group left them.
inline F load_group(const PackedView& w, std::int64_t index, const float* y_row) {
  const std::int64_t rest = w.rows - index * 16;
  return rest >= 16 ? load(y_row + index * 16) : load_partial(y_row + index * 16, static_cast<int>(rest));
}

inline void store_group(const PackedView& w, std::int64_t index, F value, float* y_row) {
  const std::int64_t rest = w.rows - index * 16;
  if (rest >= 16) {
    store(y_row + index * 16, value);
  } else {
    store_partial(y_row + index * 16, value, static_cast<int>(rest));
  }
}
