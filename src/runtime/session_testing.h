#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "kernels/exec.h"
#include "runtime/fake_model.h"
#include "runtime/generate.h"

namespace carat::runtime {

using TokenIds = std::vector<tokenizer::TokenId>;

/// Logits that depend on every token so far: whatever goes wrong in the K/V cache changes what is generated.
inline void hash_script(std::span<const tokenizer::TokenId> history, std::span<float> logits) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const tokenizer::TokenId id : history) hash = (hash ^ static_cast<std::uint64_t>(id)) * 0x100000001b3ull;
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(uniform_at(hash, 0, i) * 8);
}

/// Counts upwards from the last token.
inline void count_script(std::span<const tokenizer::TokenId> history, std::span<float> logits) {
  logits[static_cast<std::size_t>(history.back() + 1) % logits.size()] = 10;
}

/// n ids of the small model, different for every seed.
inline TokenIds random_prompt(std::int64_t n, std::uint64_t seed) {
  TokenIds ids;
  for (std::int64_t i = 0; i < n; ++i) {
    ids.push_back(static_cast<tokenizer::TokenId>(uniform_at(seed, 9, static_cast<std::uint64_t>(i)) * 50));
  }
  return ids;
}

/// A fake model with what an engine needs around it.
struct FakeEngine {
  explicit FakeEngine(FakeModel::Script script = hash_script, std::int64_t context = 4096, std::int64_t chunk = 64,
                      std::int64_t max_bytes = 0)
      : model(FakeModel::small_config(), std::move(script)),
        kv(KvCache::create({.layouts = model.kv_layouts(model::KvType::kF16),
                            .n_layers = model.config().n_layers(),
                            .max_bytes = max_bytes})
               .value()),
        engine{model, kv, exec, context, chunk} {}

  /// A session that starts with `prompt`.
  Session session(const TokenIds& prompt) {
    Session s(engine);
    CARAT_CHECK(s.append(prompt).has_value());
    return s;
  }

  FakeModel model;
  KvCache kv;
  kernels::Exec exec;
  Engine engine;
};

/// The answer of a fresh engine to a prompt, all in one chunk: what every other way must equal.
inline TokenIds alone(const TokenIds& prompt, const SamplingParams& sampling, std::int64_t max_tokens) {
  FakeEngine fake(hash_script, 4096, 1 << 20);
  Session s = fake.session(prompt);
  return generate({.session = &s, .sampling = sampling, .max_tokens = max_tokens}).value().tokens;
}

}  // namespace carat::runtime
