#pragma once

#include <memory>

#include "base/result.h"
#include "base/thread_pool.h"
#include "model/decoder.h"
#include "model/packed_copy.h"

namespace carat::cli {

/// A model with its weights in memory or mapped, and the writer of its packed copy if this start had to pack. Says on
/// stderr what was wrong with a copy, and in the end where the new one is.
///
///     ASSIGN_OR_RETURN(const model::PackedCopy copy, look_for_copy(checkpoint, options));
///     ASSIGN_OR_RETURN(const LoadedModel model, LoadedModel::load(std::move(checkpoint), copy, pool));
class LoadedModel {
 public:
  /// Errors: those of Decoder::load.
  static Result<LoadedModel> load(model::Checkpoint checkpoint, model::PackedCopy copy, ThreadPool& pool);
  LoadedModel(LoadedModel&&) noexcept = default;
  LoadedModel& operator=(LoadedModel&&) noexcept = default;
  ~LoadedModel();

  model::Decoder& decoder() const { return *decoder_; }
  bool mapped() const { return mapped_; }
  /// Waits until the copy is written.
  void finish();

 private:
  LoadedModel() = default;

  std::unique_ptr<model::Decoder> decoder_;
  bool mapped_ = false;
  model::PackedCopyWriter writer_;  ///< reads the decoder's weights
};

}  // namespace carat::cli
