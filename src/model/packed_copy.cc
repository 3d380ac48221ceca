#include "model/packed_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/bad_alloc.h"
#include "base/file_writer.h"
#include "formats/model_tokenizer.h"
#include "kernels/packed/layout.h"
#include "model/packed_copy_sections.h"
#include "model/weights.h"
#include "nn/packed_matrix.h"

namespace carat::model {
namespace {

namespace fs = std::filesystem;

bool holds_all(const formats::PackedFile& file, const ModelTensors& tensors) {
  const auto list = packed_tensors(tensors);
  return std::all_of(list.begin(), list.end(), [&](const formats::Tensor* tensor) {
    return file.find(packed_section(*tensor)).size() ==
           static_cast<std::size_t>(nn::PackedMatrix::packed_bytes(*tensor));
  });
}

}  // namespace

PackedCopy PackedCopy::look(const Checkpoint& checkpoint, Options options) {
  PackedCopy copy;
  if (planned_weight_bytes(checkpoint.tensors) < options.min_bytes) return copy;
  copy.stamp_ = checkpoint.source.identities();
  for (Place& place : options.places) {
    FileWriter::clear_abandoned(place.path);
    std::error_code error;
    if (!fs::exists(place.path, error)) {
      copy.places_.push_back(std::move(place));
      continue;
    }
    const bool seen = std::any_of(copy.places_.begin(), copy.places_.end(), [&](const Place& other) {
      return fs::equivalent(other.path, place.path, error);  // a link to the copy beside the model
    });
    if (seen) continue;
    if (!formats::PackedFile::is_one(place.path)) {
      copy.notes_.push_back(fmt::format("{}: is no packed copy of carat's; it is left alone", place.path.string()));
      continue;
    }
    auto file = formats::PackedFile::open(place.path);
    if (!file) copy.notes_.push_back(file.error().to_string());
    if (file && file->origin().layout_version == kernels::kPackedLayoutVersion &&
        holds_all(*file, checkpoint.tensors)) {
      const bool unchanged = file->stamp() == copy.stamp_;
      if (!copy.unchanged_ && (unchanged || copy.file_ == nullptr)) {
        copy.file_ = std::make_shared<const formats::PackedFile>(std::move(*file));
        copy.unchanged_ = unchanged;
      }
    }
    copy.places_.push_back(std::move(place));
  }
  return copy;
}

Result<tokenizer::Tokenizer> PackedCopy::tokenizer(const formats::ModelSource& source) const {
  return no_bad_alloc([&]() -> Result<tokenizer::Tokenizer> {
    if (unchanged_) {
      const auto tables = file_->find(kTokenizerSection);
      if (!tables.empty() && file_->verify(tables)) {
        if (auto tokenizer = tokenizer::Tokenizer::from_tables(tables, file_)) return tokenizer;
      }
    }
    return formats::open_tokenizer(source);
  });
}

bool PackedCopy::made_from(const Checkpoint& checkpoint, ThreadPool& pool, const ProgressFn& progress) const {
  const auto list = packed_tensors(checkpoint.tensors);
  std::uint64_t n_bytes = 0;
  for (const formats::Tensor* tensor : list) n_bytes += tensor->data.size();
  ProgressCounter counter(progress, "comparing the packed copy with the model", n_bytes);
  std::vector<SourceTensor> tensors;
  for (const formats::Tensor* tensor : list) {
    tensors.push_back({packed_section(*tensor), nn::hash_tensor(*tensor, pool, &counter)});
    counter.report();
    MappedFile::drop_pages(tensor->data);
  }
  return combined_hash(std::move(tensors), checkpoint.source) == file_->origin().source_hash;
}

Result<std::unique_ptr<Decoder>> PackedCopy::load(Checkpoint checkpoint, ThreadPool& pool, const ProgressFn& progress) {
  return no_bad_alloc([&]() -> Result<std::unique_ptr<Decoder>> {
    if (file_ != nullptr) {
      Result<void> usable;
      if (!unchanged_ && !made_from(checkpoint, pool, progress)) {
        usable =
            invalid_argument(fmt::format("{}: was made from other weights; packing again", file_->path().string()));
      } else {
        ProgressCounter counter(progress, "reading the packed copy", file_->n_bytes());
        usable = file_->verify(pool, &counter);
        counter.report();
      }
      if (usable) {
        if (!unchanged_) file_->write_stamp(stamp_);
        loaded_ = true;
        return Decoder::load(std::move(checkpoint), pool, {.ready = file_});
      }
      notes_.push_back(usable.error().to_string());
      file_ = nullptr;
      unchanged_ = false;
    }
    return Decoder::load(std::move(checkpoint), pool, {.hash_source = !places_.empty(), .progress = progress});
  });
}

PackedCopyWriter PackedCopy::write(const Decoder& model) const {
  if (loaded_ || places_.empty()) return {};
  return PackedCopyWriter(model, places_, stamp_);
}

}  // namespace carat::model
