#include "runtime/self_test_cases.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/rng.h"
#include "kernels/attention.h"
#include "kernels/kernel_table.h"
#include "kernels/kv_store.h"
#include "kernels/matmul.h"
#include "kernels/packed/pack.h"
#include "quant/encode.h"
#include "quant/weight_types.h"

namespace carat::runtime {
namespace {

using kernels::Exec;
using kernels::KernelTable;
using kernels::KvElement;

constexpr std::array<std::int64_t, 7> kLengths = {1, 15, 16, 17, 63, 100, 640};
// One to four columns have kernels of their own; 34 has equal tiles of the widest one (GemmTiles).
constexpr std::array<std::int64_t, 8> kColumnCounts = {1, 2, 3, 4, 5, 7, 13, 34};
constexpr std::int64_t kMostColumns = 34;
constexpr std::int64_t kWeightRows = 40;  // three groups, the last with 8 rows
constexpr std::int64_t kMostCols = 512;

/// Evenly in [-most, most), 24 bits each.
std::vector<float> draw(std::int64_t n, std::uint32_t seed, float most = 1.0f) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); i += 4) {
    const auto bits = philox4x32({static_cast<std::uint32_t>(i), 0, 0, 0}, {seed, 0});
    for (std::size_t j = i; j < std::min(i + 4, values.size()); ++j) {
      values[j] = (static_cast<float>(bits[j - i] >> 8) * 0x1p-23f - 1.0f) * most;
    }
  }
  return values;
}

/// `one(n, in, out)` for every length: `in` two rows of n, `out` one, none of them aligned to a vector.
template <typename One>
std::vector<float> each_length(float most, One one) {
  std::vector<float> all;
  for (const std::int64_t n : kLengths) {
    const std::vector<float> a = draw(n + 1, 1, most), b = draw(n + 1, 2, most);
    std::vector<float> y = draw(n + 1, 3, most);
    one(n, a.data() + 1, b.data() + 1, y.data() + 1);
    all.insert(all.end(), y.begin() + 1, y.end());
  }
  return all;
}

void add_row_cases(std::vector<KernelCase>& cases) {
  cases.push_back({"rms_norm", [](Exec& exec) {
                     const auto norm = exec.table->rms_norm;
                     std::vector<float> all =
                         each_length(3, [&](auto n, auto* a, auto* b, float* y) { norm(a, b, n, 1e-6f, y); });
                     const std::vector<float> plain =
                         each_length(3, [&](auto n, auto* a, auto*, float* y) { norm(a, nullptr, n, 1e-6f, y); });
                     all.insert(all.end(), plain.begin(), plain.end());
                     return all;
                   }});
  cases.push_back({"gelu_mul", [](Exec& exec) {
                     return each_length(12,
                                        [&](auto n, auto* a, auto* b, float* y) { exec.table->gelu_mul(a, b, n, y); });
                   }});
  cases.push_back({"add", [](Exec& exec) {
                     return each_length(1, [&](auto n, auto* a, auto* b, float* y) { exec.table->add(a, b, n, y); });
                   }});
  cases.push_back({"scale", [](Exec& exec) {
                     return each_length(1, [&](auto n, auto* a, auto*, float* y) { exec.table->scale(a, 0.3f, n, y); });
                   }});
  cases.push_back({"scaled_add", [](Exec& exec) {
                     return each_length(
                         1, [&](auto n, auto* a, auto*, float* y) { exec.table->scaled_add(a, 0.7f, n, y); });
                   }});
  cases.push_back({"multiply", [](Exec& exec) {
                     return each_length(1,
                                        [&](auto n, auto* a, auto* b, float* y) { exec.table->multiply(a, b, n, y); });
                   }});
  cases.push_back({"softcap", [](Exec& exec) {
                     return each_length(100,
                                        [&](auto n, auto* a, auto*, float* y) { exec.table->softcap(a, 30.0f, n, y); });
                   }});
  cases.push_back({"softmax", [](Exec& exec) {
                     return each_length(9, [&](auto n, auto* a, auto*, float* y) { exec.table->softmax(a, n, y); });
                   }});
  cases.push_back({"rope", [](Exec& exec) {
                     constexpr std::int64_t kHeads = 3, kHeadDim = 80;
                     std::vector<float> all;
                     for (const std::int64_t n_pairs : {std::int64_t{11}, kHeadDim / 2}) {
                       std::vector<float> x = draw(kHeads * kHeadDim, 1);
                       const std::vector<float> cos = draw(n_pairs, 2), sin = draw(n_pairs, 3);
                       exec.table->rope(x.data(), kHeads, kHeadDim, cos.data(), sin.data(), n_pairs);
                       all.insert(all.end(), x.begin(), x.end());
                     }
                     return all;
                   }});
}

KernelCase quantize_case() {
  return {"quantize", [](Exec& exec) {
            std::vector<float> all;
            for (const std::int64_t n : kLengths) {
              const std::int64_t n_blocks = (n + 63) / 64 * 2;  // as rows are padded for products
              const std::vector<float> x = draw(n + 1, 4, 5);
              std::vector<std::int8_t> q(static_cast<std::size_t>(n_blocks * 32));
              std::vector<float> d(static_cast<std::size_t>(n_blocks));
              std::vector<std::int32_t> sums(static_cast<std::size_t>(n_blocks * 2));
              exec.table->quantize(x.data() + 1, n, n_blocks, q.data(), d.data(), sums.data());
              all.insert(all.end(), q.begin(), q.end());
              all.insert(all.end(), d.begin(), d.end());
              for (const std::int32_t sum : sums) all.push_back(static_cast<float>(sum));
            }
            return all;
          }};
}

struct Weights {
  std::vector<std::uint8_t> packed;
  kernels::PackedView view;
};

std::shared_ptr<const Weights> make_weights(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  // Two units of padding and a half, where the type allows it.
  const std::int64_t cols = info.block_elements == 256 ? kMostCols : info.block_elements == 32 ? 160 : 150;
  const auto row_bytes = static_cast<std::int64_t>(cols / info.block_elements * info.block_bytes);
  std::vector<std::byte> file(static_cast<std::size_t>(kWeightRows * row_bytes));
  for (std::int64_t r = 0; r < kWeightRows; ++r) {
    std::vector<float> row = draw(cols, 100 + static_cast<std::uint32_t>(r));
    for (std::int64_t k = 0; k < cols; ++k) {
      row[static_cast<std::size_t>(k)] *= static_cast<float>(1 + (k / 16 + r) % 3);  // scales that differ
    }
    quant::encode_row(dtype, row.data(), cols, file.data() + r * row_bytes);
  }
  auto weights = std::make_shared<Weights>();
  weights->view = kernels::plan_packed(dtype, kWeightRows, cols);
  weights->packed.assign(static_cast<std::size_t>(weights->view.n_groups() * weights->view.group_bytes), 0);
  for (std::int64_t g = 0; g < weights->view.n_groups(); ++g) {
    CARAT_CHECK(kernels::pack_group(weights->view, dtype, file.data() + g * kernels::kGroupRows * row_bytes, row_bytes,
                                    g, weights->packed.data() + g * weights->view.group_bytes));
  }
  weights->view.data = weights->packed.data();
  return weights;
}

std::vector<float> products(const Weights& weights, kernels::Compute compute, Exec& exec) {
  const std::int64_t cols = weights.view.cols, stride = cols + 3;
  const std::vector<float> x = draw(kMostColumns * stride, 5, 2);
  std::vector<float> all;
  const kernels::Compute before = std::exchange(exec.compute, compute);
  for (const std::int64_t n : kColumnCounts) {
    std::vector<float> y(static_cast<std::size_t>(n * kWeightRows));
    kernels::matmul({x.data(), n, cols, stride}, weights.view, {y.data(), n, kWeightRows}, exec);
    all.insert(all.end(), y.begin(), y.end());
  }
  exec.compute = before;
  return all;
}

void add_matmul_cases(std::vector<KernelCase>& cases) {
  std::vector<KernelCase> int8;
  for (const quant::WeightType& type : quant::weight_types()) {
    const std::string name(dtype_name(type.dtype));
    const auto weights = make_weights(type.dtype);
    cases.push_back(
        {"matmul " + name, [weights](Exec& exec) { return products(*weights, kernels::Compute::kExact, exec); }});
    if (type.unpack_codes == nullptr) continue;  // float weights are multiplied in f32
    int8.push_back(
        {"matmul_i8 " + name, [weights](Exec& exec) { return products(*weights, kernels::Compute::kFast, exec); }});
  }
  cases.push_back(quantize_case());
  std::move(int8.begin(), int8.end(), std::back_inserter(cases));
}

/// K and V of one sequence in pages.
class Keys {
 public:
  Keys(std::int64_t n_keys, std::int64_t n_kv_heads, std::int64_t head_dim, KvElement type) {
    const std::int64_t head_bytes = 128 * head_dim * (type == KvElement::kF32 ? 4 : 2);
    for (std::int64_t page = 0; page * 64 < n_keys; ++page) bytes_.emplace_back(n_kv_heads * head_bytes);
    const std::vector<float> values = draw(2 * n_keys * n_kv_heads * head_dim, 6, 2);
    const float* next = values.data();
    for (std::int64_t key = 0; key < n_keys; ++key) {
      std::vector<std::byte>& page = bytes_[static_cast<std::size_t>(key / 64)];
      for (std::int64_t head = 0; head < n_kv_heads; ++head, next += 2 * head_dim) {
        kernels::store_kv(next, next + head_dim, head_dim, type, key % 64, page.data() + head * head_bytes);
      }
    }
    for (const std::vector<std::byte>& page : bytes_) pages_.push_back(page.data());
  }
  const std::byte* const* pages() const { return pages_.data(); }

 private:
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<const std::byte*> pages_;
};

using Range = std::pair<std::int64_t, std::int64_t>;

std::vector<float> attend(const kernels::AttentionShape& shape, const std::vector<Range>& ranges, Exec& exec) {
  std::int64_t n_keys = 0;
  for (const Range& range : ranges) n_keys = std::max(n_keys, range.second);
  const Keys keys(n_keys, shape.n_kv_heads, shape.head_dim, shape.kv);
  std::vector<kernels::AttentionRow> rows;
  for (const auto& [first, end] : ranges) rows.push_back({keys.pages(), first, end});
  const auto n = static_cast<std::int64_t>(rows.size()), cols = shape.n_heads * shape.head_dim;
  const std::vector<float> q = draw(n * cols, 7);
  std::vector<float> out(static_cast<std::size_t>(n * cols));
  kernels::attention({q.data(), n, cols}, rows, shape, {out.data(), n, cols}, exec);
  return out;
}

void add_attention_cases(std::vector<KernelCase>& cases) {
  std::vector<KernelCase> split;
  for (const auto& [name, type] :
       {std::pair("f32", KvElement::kF32), std::pair("f16", KvElement::kF16), std::pair("bf16", KvElement::kBF16)}) {
    cases.push_back({std::string("attention ") + name, [type = type](Exec& exec) {
                       const std::vector<Range> ranges = {{0, 1}, {0, 17}, {3, 65}, {60, 130}, {64, 128}, {0, 130}};
                       return attend({6, 2, 80, 0.3f, type}, ranges, exec);
                     }});
    // One K/V head and one long row: more than two threads' worth of work, and nothing else to give the second.
    split.push_back({std::string("attention_split ") + name, [type = type](Exec& exec) {
                       return attend({3, 1, 48, 0.3f, type}, {{5, 1000}}, exec);
                     }});
  }
  std::move(split.begin(), split.end(), std::back_inserter(cases));
}

}  // namespace

std::vector<KernelCase> kernel_cases() {
  std::vector<KernelCase> cases;
  add_row_cases(cases);
  add_matmul_cases(cases);
  add_attention_cases(cases);
  return cases;
}

std::size_t kernel_case_scratch_bytes() {
  return std::max(kernels::matmul_scratch_bytes(kMostColumns, kMostCols), kernels::attention_scratch_bytes());
}

}  // namespace carat::runtime
