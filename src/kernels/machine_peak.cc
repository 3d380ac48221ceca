#include "kernels/machine_peak.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstring>

namespace carat::kernels {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The compiler must take `value` for used.
template <typename T>
void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// All loops: 12 independent chains hide the latency of one operation (4 to 5 cycles, two a cycle).
constexpr int kChains = 12;
using Loop = void (*)(std::int64_t n);

#if defined(__x86_64__)
// Whole loops in assembly: g++ 12 would store every accumulator in every round. `step(acc)` is one step of the chain in
// register acc; %[x] and %[y] are its inputs, the chains begin as x.
#define CARAT_CHAINS(step, r)                                                                                 \
  step(r "0") step(r "1") step(r "2") step(r "3") step(r "4") step(r "5") step(r "6") step(r "7") step(r "8") \
      step(r "9") step(r "10") step(r "11")
#define CARAT_LOOP(begin, step, r, x_value, y_value)                                                            \
  asm volatile(CARAT_CHAINS(begin, r) "1:\n\t" CARAT_CHAINS(step, r) "dec %[n]\n\tjnz 1b\n\t"                   \
               : [n] "+r"(n)                                                                                    \
               : [x] "x"(x_value), [y] "x"(y_value)                                                             \
               : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
                 "xmm11", "xmm12")
#define CARAT_BEGIN_512(acc) "vmovdqa64 %[x], " acc "\n\t"
#define CARAT_BEGIN_256(acc) "vmovdqa %[x], " acc "\n\t"
#define CARAT_FMA(acc) "vfmadd213ps %[y], %[x], " acc "\n\t"
#define CARAT_DOT_512(acc) "vpdpbusd %[y], %[x], " acc "\n\t"
#define CARAT_DOT_VNNI(acc) "%{vex%} vpdpbusd %[y], %[x], " acc "\n\t"
// Without VNNI: pairs in 16 bits, then in 32.
#define CARAT_DOT_AVX2(acc)             \
  "vpmaddubsw %[y], %[x], %%ymm12\n\t"  \
  "vpmaddwd %[y], %%ymm12, %%ymm12\n\t" \
  "vpaddd %%ymm12, " acc ", " acc "\n\t"

__attribute__((target("avx512f"))) void fma_512(std::int64_t n) {
  CARAT_LOOP(CARAT_BEGIN_512, CARAT_FMA, "%%zmm", _mm512_set1_ps(0.999f), _mm512_set1_ps(1e-3f));
}
__attribute__((target("avx2,fma"))) void fma_256(std::int64_t n) {
  CARAT_LOOP(CARAT_BEGIN_256, CARAT_FMA, "%%ymm", _mm256_set1_ps(0.999f), _mm256_set1_ps(1e-3f));
}
__attribute__((target("avx512f,avx512vnni"))) void dot_512(std::int64_t n) {
  CARAT_LOOP(CARAT_BEGIN_512, CARAT_DOT_512, "%%zmm", _mm512_set1_epi32(0x01020304), _mm512_set1_epi32(0x05060708));
}
__attribute__((target("avx2"))) void dot_vnni_256(std::int64_t n) {
  CARAT_LOOP(CARAT_BEGIN_256, CARAT_DOT_VNNI, "%%ymm", _mm256_set1_epi32(0x01020304), _mm256_set1_epi32(0x05060708));
}
__attribute__((target("avx2"))) void dot_avx2(std::int64_t n) {
  CARAT_LOOP(CARAT_BEGIN_256, CARAT_DOT_AVX2, "%%ymm", _mm256_set1_epi32(0x01020304), _mm256_set1_epi32(0x05060708));
}
#undef CARAT_DOT_AVX2
#undef CARAT_DOT_VNNI
#undef CARAT_DOT_512
#undef CARAT_FMA
#undef CARAT_BEGIN_256
#undef CARAT_BEGIN_512
#undef CARAT_LOOP
#undef CARAT_CHAINS
#endif

void fma_plain(std::int64_t n) {
  float acc[kChains];
  for (float& a : acc) a = 1.0f;
  for (std::int64_t i = 0; i < n; ++i) {
    for (float& a : acc) a = a * 0.999f + 1e-3f;
  }
  for (const float a : acc) keep(a);
}
void dot_plain(std::int64_t n) {
  std::uint32_t acc[kChains] = {};
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::uint32_t& a : acc) a += a * 3 + 1;
  }
  for (const std::uint32_t a : acc) keep(a);
}

struct Peak {
  Loop loop;
  int multiply_adds;  ///< of one chain's step
};
Peak widest_fma() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {fma_512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {fma_256, 8};
#endif
  return {fma_plain, 1};
}
Peak fastest_dot() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vnni")) return {dot_512, 64};
  if (__builtin_cpu_supports("avxvnni")) return {dot_vnni_256, 32};
  if (__builtin_cpu_supports("avx2")) return {dot_avx2, 32};
#endif
  return {dot_plain, 1};
}

double gop_per_s(const Peak& peak, ThreadPool& pool) {
  constexpr std::int64_t kSteps = 200000;
  const std::int64_t shares = std::int64_t{4} * pool.n_threads();
  double best = 0;
  for (int round = 0; round < 8; ++round) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(shares, [&](std::int64_t, int) { peak.loop(kSteps); });
    const double ops = 2.0 * kChains * peak.multiply_adds * static_cast<double>(kSteps * shares);
    best = std::max(best, ops / seconds_since(start) / 1e9);
  }
  return best;
}

// Reads n bytes as `Streams` pieces side by side; n is a multiple of 64 Streams.
template <int Streams>
void read_streams(const std::byte* data, std::int64_t n) {
  std::uint64_t sums[8] = {};
  const std::int64_t piece = n / Streams;
  for (std::int64_t i = 0; i < piece; i += 64) {
    for (int s = 0; s < Streams; ++s) {
      const auto* p = reinterpret_cast<const std::uint64_t*>(data + s * piece + i);
      for (int j = 0; j < 8; ++j) sums[j] += p[j];
    }
  }
  for (const std::uint64_t s : sums) keep(s);
}

}  // namespace

Result<MachinePeak> MachinePeak::create() {
  ASSIGN_OR_RETURN(Buffer buffer, Buffer::allocate(static_cast<std::size_t>(kBufferBytes)));
  std::memset(buffer.data(), 1, buffer.size());  // pages of its own, not the one zero page
  return MachinePeak(std::move(buffer));
}

double MachinePeak::read_gb_per_s(ThreadPool& pool, std::int64_t bytes) const {
  constexpr std::int64_t kShares = 16, kStep = 256;  // a stream reads whole cache lines
  const std::int64_t per_share = std::clamp(bytes, kShares * kStep, kBufferBytes) / kShares / kStep * kStep;
  const std::int64_t repeats = kBufferBytes / (per_share * kShares);
  double best = 0;
  for (int round = 0; round < 4; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
      pool.run(kShares, [&](std::int64_t share, int) {
        const std::byte* data = buffer_.data() + share * per_share;
        round % 2 == 0 ? read_streams<1>(data, per_share) : read_streams<4>(data, per_share);
      });
    }
    best = std::max(best, static_cast<double>(repeats * per_share * kShares) / seconds_since(start) / 1e9);
  }
  return best;
}

double MachinePeak::f32_gop_per_s(ThreadPool& pool) { return gop_per_s(widest_fma(), pool); }
double MachinePeak::int8_gop_per_s(ThreadPool& pool) { return gop_per_s(fastest_dot(), pool); }

}  // namespace carat::kernels
