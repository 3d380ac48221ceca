// y = W x with int8 activations for many columns, AVX-512 VNNI: the arithmetic of matmul_i8_avx512-inl.h, other loops.
// Two groups of 16 rows are unpacked for a stretch of k into L1, then all tiles of 7 columns pass over them:
//
//   per block of 32 k:  8 registers of codes, d_w and -1.5 * 2^23 d_w (and -m) a group, 28 accumulators
//
// A tile of 2 x 7 loads 9 times for 14 dots. One of 1 x 14 needs 15 loads, as many as Zen 5 and Intel can do in the
// time of the dots; there 2 x 7 reaches 75 % of the int8 peak, 1 x 14 68 %, 1 x 16 from packed weights 63 % (one thread
// of Zen 5; the two fma of each block allow 80 %). Sums between two stretches of k pass through y, which is exact.
// Included by targets/avx512.cc inside its namespace.

inline constexpr int kGemmGroups = 2;
inline constexpr int kGemmBlocks = 48;                     // of 32 k in a stretch: 60 KiB of unpacked Q4_0
inline constexpr std::int64_t kActivationPrefetch = 1024;  // bytes ahead; they come from L2

inline __attribute__((always_inline)) void dot_u8s8(__m512i& acc, __m512i codes, __m512i four_int8) {
  asm("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(codes), "v"(four_int8));
}

// Unpacked, per block:  [8][groups] codes | [parts][groups] d | [parts][groups] -M d | (minimum) [parts][groups] -m
template <PackedFormat Format>
struct UnpackedLayout {
  static constexpr PackedTraits kTraits = packed_traits(Format);
  static constexpr int kParts = 32 / kTraits.block;
  static constexpr int kWords = 8 + kParts + 1 + (kTraits.has_min ? kParts : 0);  // of a column of activations
  static constexpr int kRegisters = 8 + 2 * kParts + (kTraits.has_min ? kParts : 0);
};

template <PackedFormat Format, int R>
inline void unpack_stretch(const PackedView& view, std::int64_t group, std::int64_t first_chunk, std::int64_t n_chunks,
                           std::uint8_t* unpacked) {
  using Layout = UnpackedLayout<Format>;
  using Group = Chunk<Format>;
  constexpr PackedTraits kTraits = Layout::kTraits;
  for (int r = 0; r < R; ++r) {
    std::uint8_t* out = unpacked;
    for_each_half<Format>(view, group + r, first_chunk, n_chunks, [&](const Group& chunk, int half) {
      const auto put = [&](int i, __m512i v) { _mm512_store_si512(out + (i * R + r) * 64, v); };
      const std::uint8_t* p = chunk.codes(half);
      // The next pair of groups arrives while the tiles of this one are computed.
      for (int line = 0; line < Group::kHalfBytes; line += 64) {
        _mm_prefetch(reinterpret_cast<const char*>(p) + R * view.group_bytes + line, _MM_HINT_T1);
      }
      __m512i w[8];
      load_codes<kTraits.code_bits>(p, w);
      for (int j = 0; j < 8; ++j) put(j, w[j]);
      for (int part = 0; part < Layout::kParts; ++part) {
        const __m512 d = chunk.scale(half, part).v;
        put(8 + part, _mm512_castps_si512(d));
        put(8 + Layout::kParts + part, _mm512_castps_si512(_mm512_mul_ps(d, _mm512_set1_ps(-kMagic))));
        if constexpr (kTraits.has_min) {
          put(8 + 2 * Layout::kParts + part, _mm512_castps_si512(chunk.minus_min(half, part).v));
        }
      }
      out += Layout::kRegisters * R * 64;
    });
  }
}

// use(0), use(1), ... use(N - 1), each index a constant: arrays that are indexed so become registers before any loop
// is looked at. (With loops g++ 12 left the dots in memory or not, depending on what stood around them.)
template <int I>
struct Index {
  constexpr operator int() const { return I; }
};
template <int N, int I = 0, typename Use>
inline __attribute__((always_inline)) void unrolled(const Use& use) {
  if constexpr (I < N) {
    use(Index<I>());
    unrolled<N, I + 1>(use);
  }
}
#define CARAT_INLINE_LAMBDA __attribute__((always_inline))

template <PackedFormat Format, int R, int C>
inline __attribute__((always_inline)) void multiply_unpacked_tile(const std::uint8_t* w, std::int64_t n_blocks,
                                                                  const std::int32_t* x, __m512 (&acc)[R][C]) {
  using Layout = UnpackedLayout<Format>;
  constexpr int kParts = Layout::kParts;
  for (std::int64_t b = 0; b < n_blocks; ++b, w += Layout::kRegisters * R * 64, x += Layout::kWords * C) {
    for (int byte = 0; byte < Layout::kWords * C * 4; byte += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(x) + kActivationPrefetch + byte, _MM_HINT_T0);
    }
    const auto reg = [&](int i, int r) CARAT_INLINE_LAMBDA { return _mm512_load_si512(w + (i * R + r) * 64); };
    const std::int32_t* starts = x + 8 * C;
    const auto* scales = reinterpret_cast<const float*>(starts + kParts * C);
    unrolled<kParts>([&](auto part) CARAT_INLINE_LAMBDA {
      __m512i dot[R][C];
      unrolled<C>([&](auto c) CARAT_INLINE_LAMBDA {
        unrolled<R>([&](auto r) CARAT_INLINE_LAMBDA { dot[r][c] = _mm512_set1_epi32(starts[part * C + c]); });
      });
      unrolled<8 / kParts>([&](auto i) CARAT_INLINE_LAMBDA {
        constexpr int j = part * 8 / kParts + i;
        __m512i codes[R];
        unrolled<R>([&](auto r) CARAT_INLINE_LAMBDA { codes[r] = reg(j, r); });
        unrolled<C>([&](auto c) CARAT_INLINE_LAMBDA {
          const __m512i q = _mm512_set1_epi32(x[j * C + c]);
          unrolled<R>([&](auto r) CARAT_INLINE_LAMBDA { dot_u8s8(dot[r][c], codes[r], q); });
        });
      });
      unrolled<R>([&](auto r) CARAT_INLINE_LAMBDA {
        const __m512 d = _mm512_castsi512_ps(reg(8 + part, r));
        const __m512 minus_magic_d = _mm512_castsi512_ps(reg(8 + kParts + part, r));
        unrolled<C>([&](auto c) CARAT_INLINE_LAMBDA {
          __m512 scaled;
          if constexpr (Format == PackedFormat::kS8x32F) {  // an f32 scale may be too large for the magic product
            scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(dot[r][c], _mm512_set1_epi32(kMagicBits))), d);
          } else {
            scaled = _mm512_fmadd_ps(_mm512_castsi512_ps(dot[r][c]), d, minus_magic_d);
          }
          acc[r][c] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(scales[c]), acc[r][c]);
        });
        if constexpr (Layout::kTraits.has_min) {
          const __m512 m = _mm512_castsi512_ps(reg(8 + 2 * kParts + part, r));
          const float* sums = scales + C + part * C;
          unrolled<C>([&](auto c)
                          CARAT_INLINE_LAMBDA { acc[r][c] = _mm512_fmadd_ps(m, _mm512_set1_ps(sums[c]), acc[r][c]); });
        }
      });
    });
  }
}

// R groups, one stretch of k, all tiles.
template <PackedFormat Format, int R>
inline void multiply_stretch(const PackedView& view, std::int64_t group, std::int64_t first_chunk,
                             std::int64_t n_chunks, const Panel& x, float* y, std::int64_t y_stride,
                             std::uint8_t* unpacked) {
  constexpr int C = CARAT_GEMM_COLUMNS;
  constexpr int kWords = UnpackedLayout<Format>::kWords;
  const std::int64_t first_block = first_chunk * Chunk<Format>::kHalves, n_blocks = n_chunks * Chunk<Format>::kHalves;
  unpack_stretch<Format, R>(view, group, first_chunk, n_chunks, unpacked);
  for (std::int64_t t = 0; t < x.n_tiles; ++t) {
    const std::int64_t first = tile_first(x.n_tokens, x.n_tiles, t);
    const std::int64_t width = tile_first(x.n_tokens, x.n_tiles, t + 1) - first;
    float* y_tile = y + first * y_stride;
    __m512 acc[R][C];
    unrolled<R>([&](auto r) CARAT_INLINE_LAMBDA {
      unrolled<C>([&](auto c) CARAT_INLINE_LAMBDA {
        const bool more = first_block > 0 && c < width;
        acc[r][c] = more ? load_group(view, group + r, y_tile + c * y_stride).v : _mm512_setzero_ps();
      });
    });
    multiply_unpacked_tile<Format, R, C>(unpacked, n_blocks, x.data + (t * x.n_blocks + first_block) * kWords * C, acc);
    unrolled<R>([&](auto r) CARAT_INLINE_LAMBDA {
      unrolled<C>([&](auto c) CARAT_INLINE_LAMBDA {
        if (c < width) store_group(view, group + r, F{acc[r][c]}, y_tile + c * y_stride);
      });
    });
  }
}

template <PackedFormat Format>
inline void multiply_unpacked(const PackedView& view, std::int64_t first_group, std::int64_t end_group, const Panel& x,
                              float* y, std::int64_t y_stride) {
  alignas(64) std::uint8_t unpacked[kGemmBlocks * kGemmGroups * UnpackedLayout<Format>::kRegisters * 64];
  constexpr std::int64_t kChunks = kGemmBlocks / Chunk<Format>::kHalves;  // of a stretch
  const std::int64_t all = x.n_blocks / Chunk<Format>::kHalves, n_stretches = (all + kChunks - 1) / kChunks;
  for (std::int64_t s = 0; s < n_stretches; ++s) {
    const std::int64_t first = all * s / n_stretches, n = all * (s + 1) / n_stretches - first;
    std::int64_t g = first_group;
    for (; g + kGemmGroups <= end_group; g += kGemmGroups) {
      multiply_stretch<Format, kGemmGroups>(view, g, first, n, x, y, y_stride, unpacked);
    }
    if (g < end_group) multiply_stretch<Format, 1>(view, g, first, n, x, y, y_stride, unpacked);
  }
}
