#include <benchmark/benchmark.h>

#include "quant/codes.h"
#include "quant/decode.h"
#include "quant/quant_testing.h"

/// Scalar decoding of one row of 1536 elements (E2B's embedding): the cost of a table look-up, and of packing at load.
namespace carat::quant {
namespace {

constexpr std::int64_t kElements = 1536;

std::vector<std::byte> row_of(DType dtype) {
  return testing::random_row(dtype, kElements / dtype_info(dtype).block_elements, 1);
}

void bm_decode_row(benchmark::State& state, DType dtype) {
  const auto row = row_of(dtype);
  std::vector<float> out(kElements);
  for (auto _ : state) {
    decode_row(dtype, row.data(), kElements, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kElements);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(row.size()));
}

void bm_unpack_codes(benchmark::State& state, DType dtype) {
  const auto row = row_of(dtype);
  RowCodes out;
  for (auto _ : state) {
    unpack_codes(dtype, row.data(), kElements, out);
    benchmark::DoNotOptimize(out.codes.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kElements);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(row.size()));
}

const bool kRegistered = [] {
  for (const WeightType& type : weight_types()) {
    const std::string name(dtype_name(type.dtype));
    benchmark::RegisterBenchmark(("decode_row/" + name).c_str(), bm_decode_row, type.dtype);
    if (code_format(type.dtype) != nullptr) {
      benchmark::RegisterBenchmark(("unpack_codes/" + name).c_str(), bm_unpack_codes, type.dtype);
    }
  }
  return true;
}();

}  // namespace
}  // namespace carat::quant
