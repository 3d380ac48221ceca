#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "kernels/exec.h"
#include "kernels/isa.h"
#include "kernels/kernel_table.h"
#include "tensor/view.h"

/// Test and benchmark helper: operands, and what an op runs on.
namespace carat::kernels::testing {

/// Everything an op needs, with `n_threads` threads. Scratch memory is full of NaN, as after any other op.
class Workbench {
 public:
  explicit Workbench(const KernelTable& table, int n_threads = 1) : pool_(n_threads) {
    constexpr std::size_t kScratch = std::size_t{512} << 10;
    CARAT_CHECK(arena_.reserve(kScratch).has_value());
    const Arena::Scope scope(arena_);
    std::memset(arena_.allocate<std::byte>(kScratch), 0xFF, kScratch);
    exec_ = {&table, &pool_, &arena_};
  }
  Exec& exec() { return exec_; }

 private:
  ThreadPool pool_;
  Arena arena_;
  Exec exec_;
};

inline std::vector<const KernelTable*> available_tables() {
  std::vector<const KernelTable*> tables;
  for (const IsaTarget& target : isa_targets()) {
    if (target.supported()) tables.push_back(target.table);
  }
  return tables;
}

inline bool same_bits(const float* a, const float* b, std::int64_t n) {
  return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(float)) == 0;
}
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), static_cast<std::int64_t>(a.size()));
}

/// How the numbers of an operand are drawn.
enum class Draw {
  kNormal,   ///< N(0, 1)
  kTiny,     ///< N(0, 1) * 1e-5
  kHuge,     ///< N(0, 1) * 1e4
  kUniform,  ///< evenly in [-12, 12]: the whole bend of GELU and tanh
  kZeros,    ///< +0 and -0
  kSpread,   ///< signs and magnitudes of 2^-130 ... 2^20, subnormals included
};

inline float draw_one(Draw draw, std::mt19937& rng) {
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> wide(-12.0f, 12.0f);
  switch (draw) {
    case Draw::kNormal:
      return normal(rng);
    case Draw::kTiny:
      return normal(rng) * 1e-5f;
    case Draw::kHuge:
      return normal(rng) * 1e4f;
    case Draw::kUniform:
      return wide(rng);
    case Draw::kZeros:
      return rng() % 2 == 0 ? 0.0f : -0.0f;
    case Draw::kSpread:
      return std::ldexp(normal(rng), static_cast<int>(rng() % 150) - 130);
  }
  return 0;
}

inline std::vector<float> draw_many(Draw draw, std::int64_t n, std::uint32_t seed) {
  std::mt19937 rng(seed);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& v : values) v = draw_one(draw, rng);
  return values;
}

/// An owned matrix with strided rows at an odd address; what lies between the rows must never be written.
class Matrix {
 public:
  Matrix(std::int64_t rows, std::int64_t cols, std::int64_t stride)
      : rows_(rows), cols_(cols), stride_(stride), values_(static_cast<std::size_t>(kShift + rows * stride), kGap) {}
  Matrix(std::int64_t rows, std::int64_t cols) : Matrix(rows, cols, cols) {}
  Matrix(std::int64_t rows, std::int64_t cols, std::int64_t stride, Draw draw, std::uint32_t seed)
      : Matrix(rows, cols, stride) {
    std::mt19937 rng(seed);
    for (std::int64_t t = 0; t < rows; ++t) {
      for (std::int64_t i = 0; i < cols; ++i) view().row(t)[i] = draw_one(draw, rng);
    }
  }
  Matrix(std::int64_t rows, std::int64_t cols, const std::vector<float>& values) : Matrix(rows, cols) {
    CARAT_CHECK(static_cast<std::int64_t>(values.size()) == rows * cols);
    std::memcpy(view().data, values.data(), values.size() * sizeof(float));
  }

  MatView<float> view() { return {values_.data() + kShift, rows_, cols_, stride_}; }
  MatView<const float> view() const { return {values_.data() + kShift, rows_, cols_, stride_}; }

  /// The rows, one behind the other. Aborts when something was written between or before them.
  std::vector<float> values() const {
    std::vector<float> out;
    for (std::int64_t t = 0; t < rows_; ++t) {
      const float* row = view().data + t * stride_;
      out.insert(out.end(), row, row + cols_);
      for (std::int64_t i = cols_; i < stride_; ++i) CARAT_CHECK(row[i] == kGap);
    }
    for (std::int64_t i = 0; i < kShift; ++i) CARAT_CHECK(values_[static_cast<std::size_t>(i)] == kGap);
    return out;
  }

 private:
  static constexpr float kGap = 77.0f;
  static constexpr std::int64_t kShift = 3;  // rows do not begin on a multiple of a vector

  std::int64_t rows_, cols_, stride_;
  std::vector<float> values_;
};

/// Lengths that end before, at and behind a vector, four vectors, and two of the family's widths.
inline const std::vector<std::int64_t>& odd_lengths() {
  static const std::vector<std::int64_t> kLengths = {1, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 640, 2112};
  return kLengths;
}

}  // namespace carat::kernels::testing
