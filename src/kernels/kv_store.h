#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"

namespace carat::kernels {

/// Writes one K/V head's key and value of one position into its page, rounding to the stored type (nearest even).
///
/// head  the head's part of the page: K [4][head_dim][16 keys], then V [head_dim / 16][64 keys][16]
/// key_in_page  0 ... 63
void store_kv(const float* k, const float* v, std::int64_t head_dim, KvElement type, std::int64_t key_in_page,
              std::byte* head);

/// The reverse, for taps and tests: what attention will read.
void load_kv(const std::byte* head, std::int64_t head_dim, KvElement type, std::int64_t key_in_page, float* k,
             float* v);

}  // namespace carat::kernels
