#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config.h"

namespace carat::model {

// The largest values a config may ask for; far above every released model, far below any overflow.
inline constexpr std::int64_t kMaxVocab = 1'048'576;
inline constexpr std::int64_t kMaxLayers = 1'024;
inline constexpr std::int64_t kMaxModelWidth = 65'536;
inline constexpr std::int64_t kMaxFeedForward = 1'048'576;
inline constexpr std::int64_t kMaxHeads = 1'024;
inline constexpr std::int64_t kMaxHeadDim = 1'024;
inline constexpr std::int64_t kHeadDimUnit = 16;  // attention works on vectors of 16 lanes
inline constexpr std::int64_t kMaxContext = 16'777'216;
inline constexpr std::int64_t kMaxExperts = 4'096;
inline constexpr std::int64_t kMaxPleDim = 8'192;

/// bf16(sqrt(d_model)): what rows of the embedding table are multiplied by (text-model.md 2.1).
float embedding_scale(std::int64_t d_model);

/// Sets kv_layer of all layers: the last n_shared ones read the last earlier layer of their type that has K/V of its
/// own, the others their own. Their v_is_k becomes the donor's. Errors: kCorrupt when there is no such layer, or one
/// of other heads.
Result<void> share_kv(std::string_view where, std::int64_t n_shared, std::vector<LayerConfig>& layers);

/// Checks what both kinds of file can get wrong: sizes of zero or beyond the limits above, query heads that are no
/// multiple of the K/V heads, odd head sizes, more experts chosen than there are, token ids outside the vocabulary.
/// `where` is the file, for messages.
Result<void> check_config(std::string_view where, const ModelConfig& config);

/// Appends the ids that are not there yet.
void append_unique(std::vector<std::int64_t>& ids, std::span<const std::int64_t> more);

}  // namespace carat::model
