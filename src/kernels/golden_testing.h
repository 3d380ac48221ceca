#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Test helper: tests/golden/text/ops.safetensors. The real reader is in formats, which kernels does not know.
namespace carat::kernels::testing {

struct GoldenTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  ///< F32, BF16 and I32 alike; ids are small
};

/// All tensors by name; aborts when the file is not there or not what it should be.
const std::map<std::string, GoldenTensor>& golden_ops();
const GoldenTensor& golden(const std::string& name);

/// One attention case of ops.json.
struct GoldenAttention {
  std::string name;
  std::string kv_name;  ///< the case whose k and v are read: its own, or a donor's
  std::int64_t tokens, q_offset, keys, q_heads, kv_heads, head_dim, window;
  float scale;
};
std::vector<GoldenAttention> golden_attention_cases();

/// One rotary case of ops.json.
struct GoldenRope {
  std::string name;
  std::int64_t head_dim, n_pairs;
  double theta, factor;
  bool has_rows;  ///< x, y and y_exact besides inv_freq
};
std::vector<GoldenRope> golden_rope_cases();

/// {hidden size, bf16(sqrt(hidden size))}
std::map<std::int64_t, float> golden_embedding_scales();

}  // namespace carat::kernels::testing
