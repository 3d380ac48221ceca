// What both arithmetics share: where a packed group has its codes, scales and minima, and how its 16 results are
// loaded and stored. Included by targets/*.cc inside the ISA namespace.

// One chunk of a group, 64 k (K formats: 256), by halves of 32 k: where each has its codes, scales and minima. What the
// halves share is in registers, and a kernel that walks a group from its start does no arithmetic on k.
template <PackedFormat Format>
struct Chunk {
  static constexpr PackedTraits kTraits = packed_traits(Format);
  static constexpr int kHalves = kTraits.super ? 8 : 2;
  static constexpr int kParts = 32 / kTraits.block;
  static constexpr int kHeadBytes = kTraits.super ? (kTraits.has_min ? 64 : 32) : 0;
  static constexpr int kFactorBytes = kTraits.super ? kHalves * kParts * 16 * (kTraits.has_min ? 2 : 1) : 0;
  static constexpr int kHalfBytes = kTraits.code_bits * 64;
  static constexpr std::int64_t kBytes = packed_chunk_bytes(Format);
  static constexpr std::int64_t kCols = kHalves * 32;

  const std::uint8_t* data;
  F d, minus_dmin;  // of K formats

  Chunk(const std::uint8_t* head, const std::uint8_t* chunk) : data(chunk) {
    if constexpr (kTraits.super) {
      d = load_f16(reinterpret_cast<const std::uint16_t*>(head));
      if constexpr (kTraits.has_min) {
        minus_dmin = mul(load_f16(reinterpret_cast<const std::uint16_t*>(head + 32)), set1(-1.0f));
      }
    }
  }
  const std::uint8_t* codes(int half) const { return data + kFactorBytes + half * kHalfBytes; }
  F scale(int half, int part) const {
    if constexpr (kTraits.super) {
      return mul(d, load_i8(reinterpret_cast<const std::int8_t*>(data + (half * kParts + part) * 16)));
    } else {
      const std::uint8_t* p = data + 2 * kHalfBytes + half * 16 * kTraits.scale_bytes;
      if constexpr (kTraits.scale_bytes == 4) {
        return load(reinterpret_cast<const float*>(p));
      } else {
        return load_f16(reinterpret_cast<const std::uint16_t*>(p));
      }
    }
  }
  // Negated, ready for fma.
  F minus_min(int half, int part) const {
    if constexpr (kTraits.super) {
      return mul(minus_dmin, load_u8(data + ((kHalves + half) * kParts + part) * 16));
    } else {
      const std::uint8_t* p = data + 2 * kHalfBytes + 64 + half * 32;
      return mul(load_f16(reinterpret_cast<const std::uint16_t*>(p)), set1(-1.0f));
    }
  }
};

// A group at any k.
template <PackedFormat Format>
struct GroupReader {
  using C = Chunk<Format>;

  const std::uint8_t* group;
  const std::uint8_t* chunks;

  GroupReader(const PackedView& w, std::int64_t index)
      : group(w.data + index * w.group_bytes), chunks(group + w.head_bytes) {}

  // Codes of the half that begins at k (a multiple of 32).
  const std::uint8_t* codes(std::int64_t k) const { return chunk(k).codes(half(k)); }
  // Scale and minimum (negated, ready for fma) of the block that begins at k.
  F scale(std::int64_t k) const { return chunk(k).scale(half(k), part(k)); }
  F minus_min(std::int64_t k) const { return chunk(k).minus_min(half(k), part(k)); }

 private:
  C chunk(std::int64_t k) const { return {group + k / C::kCols * C::kHeadBytes, chunks + k / C::kCols * C::kBytes}; }
  static int half(std::int64_t k) { return static_cast<int>(k % C::kCols / 32); }
  static int part(std::int64_t k) { return static_cast<int>(k % 32 / C::kTraits.block); }
};

// use(chunk, half) for the halves of n_chunks chunks of a group, ascending.
template <PackedFormat Format, typename Use>
inline __attribute__((always_inline)) void for_each_half(const PackedView& view, std::int64_t group,
                                                         std::int64_t first_chunk, std::int64_t n_chunks, Use use) {
  using C = Chunk<Format>;
  const std::uint8_t* head = view.data + group * view.group_bytes;
  const std::uint8_t* data = head + view.head_bytes + first_chunk * C::kBytes;
  head += first_chunk * C::kHeadBytes;
  for (std::int64_t i = 0; i < n_chunks; ++i, head += C::kHeadBytes, data += C::kBytes) {
    const C chunk(head, data);
    if constexpr (C::kHalves == 2) {
      use(chunk, 0);
      use(chunk, 1);
    } else {
      for (int half = 0; half < C::kHalves; ++half) use(chunk, half);
    }
  }
}

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
