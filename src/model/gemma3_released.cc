#include "model/gemma3_released.h"

#include <nlohmann/json.hpp>
#include <string>

namespace carat::model {
namespace {

// Recognised by layers and width; the other columns are what may be missing.
struct Released {
  int n_layers, d_model, n_heads, n_kv_heads, head_dim, query_scalar, context, vocab;
};

constexpr Released kReleased[] = {
    {34, 2560, 8, 4, 256, 256, 131072, 262208},    // 4B
    {48, 3840, 16, 8, 256, 256, 131072, 262208},   // 12B
    {62, 5376, 32, 16, 128, 168, 131072, 262208},  // 27B
};

bool holds(const Json& object, const char* key, int value) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() && *it == value;
}

}  // namespace

Json with_released_gemma3_values(const Json& text_config) {
  Json text = text_config;
  for (const Released& r : kReleased) {
    if (!holds(text, "num_hidden_layers", r.n_layers) || !holds(text, "hidden_size", r.d_model)) continue;
    const auto add = [&](const char* key, auto value) {
      if (!text.contains(key)) text[key] = value;
    };
    add("num_attention_heads", r.n_heads);
    add("num_key_value_heads", r.n_kv_heads);
    add("head_dim", r.head_dim);
    add("query_pre_attn_scalar", r.query_scalar);
    add("max_position_embeddings", r.context);
    add("vocab_size", r.vocab);
    add("hidden_activation", "gelu_pytorch_tanh");
    add("rms_norm_eps", 1e-6);
    add("pad_token_id", 0);
    if (!text.contains("rope_parameters")) {
      add("rope_theta", 1e6);
      add("rope_local_base_freq", 1e4);
    }
    if (!text.contains("layer_types") && !text.contains("_sliding_window_pattern")) add("sliding_window_pattern", 6);
  }
  return text;
}

}  // namespace carat::model
