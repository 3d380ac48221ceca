#include "quality/reencode.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "formats/gguf/gguf_file.h"
#include "formats/gguf/gguf_writer.h"
#include "quant/decode.h"
#include "quant/encode.h"

namespace carat::quality {
namespace {

using formats::Tensor;

std::vector<std::byte> reencoded_bytes(const Tensor& tensor, DType dtype, ThreadPool& pool) {
  const auto row_bytes = [&](DType type) {
    const DTypeInfo& info = dtype_info(type);
    return static_cast<std::size_t>(tensor.cols()) / info.block_elements * info.block_bytes;
  };
  const std::size_t from_bytes = row_bytes(tensor.dtype), to_bytes = row_bytes(dtype);
  std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.rows()) * to_bytes);
  const std::int64_t n_shares = std::min<std::int64_t>(tensor.rows(), std::int64_t{16} * pool.n_threads());
  pool.run(n_shares, [&](std::int64_t share, int) {
    std::vector<float> row(static_cast<std::size_t>(tensor.cols()));
    for (std::int64_t r = tensor.rows() * share / n_shares; r < tensor.rows() * (share + 1) / n_shares; ++r) {
      const auto at = static_cast<std::size_t>(r);
      quant::decode_row(tensor.dtype, tensor.data.data() + at * from_bytes, tensor.cols(), row.data());
      quant::encode_row(dtype, row.data(), tensor.cols(), bytes.data() + at * to_bytes);
    }
  });
  return bytes;
}

}  // namespace

Result<Reencoded> write_reencoded(const std::filesystem::path& source, DType dtype, const std::filesystem::path& out) {
  ASSIGN_OR_RETURN(const formats::GgufFile file, formats::GgufFile::open(source));
  ThreadPool pool(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  std::vector<Tensor> tensors(file.tensors().begin(), file.tensors().end());
  std::deque<std::vector<std::byte>> bytes;
  Reencoded result;
  for (Tensor& tensor : tensors) {
    if (tensor.shape.size() < 2 || !quant::can_decode(tensor.dtype)) continue;
    if (tensor.cols() % dtype_info(dtype).block_elements != 0) {
      ++result.n_kept;
      continue;
    }
    bytes.push_back(reencoded_bytes(tensor, dtype, pool));
    tensor.dtype = dtype;
    tensor.data = bytes.back();
    ++result.n_matrices;
  }
  if (result.n_matrices == 0) {
    return invalid_argument(fmt::format("{}: no matrix has a multiple of {} columns, as {} needs", source.string(),
                                        dtype_info(dtype).block_elements, dtype_name(dtype)));
  }
  RETURN_IF_ERROR(formats::write_gguf(out, file.metadata(), tensors));
  return result;
}

}  // namespace carat::quality
