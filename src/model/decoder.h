#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/thread_pool.h"
#include "model/checkpoint.h"
#include "model/model.h"
#include "model/weights.h"

namespace carat::model {

struct StepContext;

struct LoadOptions {
  /// Matrices that are ready: looked at there (packed_copy.h), and kept as long as the model needs them.
  std::shared_ptr<const formats::PackedFile> ready;
  bool hash_source = false;  ///< as in WeightOptions
  ProgressFn progress;       ///< told about packing
};

/// The one forward pass: Gemma 4 in all sizes and Gemma 3 text, driven by ModelConfig's per-layer descriptors.
///
///     ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::open(path));
///     ASSIGN_OR_RETURN(std::unique_ptr<Decoder> model, Decoder::load(std::move(checkpoint), pool));
///     RETURN_IF_ERROR(model->step(rows, kv, exec, out, /*tap=*/nullptr));
///
/// Owns the packed weights and the mapped source (embedding rows are read from it). One step at a time.
class Decoder final : public Model {
 public:
  /// Packs every matrix of a checkpoint (whose names and shapes are checked already) that is not ready.
  /// Errors: kUnsupported for a drafter, which has no K/V of its own; those of load_weights.
  static Result<std::unique_ptr<Decoder>> load(Checkpoint checkpoint, ThreadPool& pool, LoadOptions options = {});

  const ModelConfig& config() const override { return config_; }
  const formats::ModelSource& source() const { return source_; }
  const ModelWeights& weights() const { return weights_; }

  Result<void> step(std::span<const Row> rows, const KvView& kv, kernels::Exec& exec, StepOutput& out,
                    ForwardTap* tap) override;

 private:
  Decoder(formats::ModelSource source, std::shared_ptr<const formats::PackedFile> ready, ModelConfig config,
          ModelWeights weights)
      : source_(std::move(source)),
        ready_(std::move(ready)),
        config_(std::move(config)),
        weights_(std::move(weights)) {}

  Result<void> embed(MatView<float> x, StepContext& step) const;
  void run_layer(std::int64_t index, MatView<float>& x, MatView<float>& ple, StepContext& step) const;
  void finish(MatView<float> x, StepContext& step, StepOutput& out) const;

  formats::ModelSource source_;                       ///< keeps the mapping of the embedding tables
  std::shared_ptr<const formats::PackedFile> ready_;  ///< the matrices, unless this process packed them
  ModelConfig config_;
  ModelWeights weights_;
};

/// Bytes of the arena that a step of `n_rows` rows needs, `n_wanted` of them with logits or hidden states; logits not
/// counted (they live in StepOutput).
std::size_t step_arena_bytes(const ModelConfig& config, std::int64_t n_rows, std::int64_t n_wanted);

}  // namespace carat::model
