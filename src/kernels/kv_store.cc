#include "kernels/kv_store.h"

#include "tensor/half.h"

namespace carat::kernels {
namespace {

constexpr std::int64_t kPageKeys = 64;

// Calls visit(element of K, d) and visit(element of V, d) at their places for one key.
template <typename Element, typename VisitK, typename VisitV>
void visit_key(Element* head, std::int64_t head_dim, std::int64_t key, VisitK visit_k, VisitV visit_v) {
  Element* k = head + key / 16 * head_dim * 16 + key % 16;
  Element* v = head + kPageKeys * head_dim + key * 16;
  for (std::int64_t d = 0; d < head_dim; ++d) visit_k(k[d * 16], d);
  for (std::int64_t d = 0; d < head_dim; ++d) visit_v(v[d / 16 * kPageKeys * 16 + d % 16], d);
}

template <typename Element, typename Convert>
void store(const float* k, const float* v, std::int64_t head_dim, std::int64_t key, std::byte* head, Convert convert) {
  visit_key(
      reinterpret_cast<Element*>(head), head_dim, key, [&](Element& e, std::int64_t d) { e = convert(k[d]); },
      [&](Element& e, std::int64_t d) { e = convert(v[d]); });
}

template <typename Element, typename Convert>
void load(const std::byte* head, std::int64_t head_dim, std::int64_t key, float* k, float* v, Convert convert) {
  visit_key(
      reinterpret_cast<const Element*>(head), head_dim, key,
      [&](const Element& e, std::int64_t d) { k[d] = convert(e); },
      [&](const Element& e, std::int64_t d) { v[d] = convert(e); });
}

}  // namespace

void store_kv(const float* k, const float* v, std::int64_t head_dim, KvElement type, std::int64_t key_in_page,
              std::byte* head) {
  switch (type) {
    case KvElement::kF32:
      return store<float>(k, v, head_dim, key_in_page, head, [](float x) { return x; });
    case KvElement::kF16:
      return store<std::uint16_t>(k, v, head_dim, key_in_page, head, f32_to_f16);
    case KvElement::kBF16:
      return store<std::uint16_t>(k, v, head_dim, key_in_page, head, f32_to_bf16);
  }
}

void load_kv(const std::byte* head, std::int64_t head_dim, KvElement type, std::int64_t key_in_page, float* k,
             float* v) {
  switch (type) {
    case KvElement::kF32:
      return load<float>(head, head_dim, key_in_page, k, v, [](float x) { return x; });
    case KvElement::kF16:
      return load<std::uint16_t>(head, head_dim, key_in_page, k, v, f16_to_f32);
    case KvElement::kBF16:
      return load<std::uint16_t>(head, head_dim, key_in_page, k, v, bf16_to_f32);
  }
}

}  // namespace carat::kernels
