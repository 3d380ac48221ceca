#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "formats/packed/packed_file.h"
#include "model/checkpoint.h"
#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace carat::model {

class PackedCopyWriter;

/// Pack once: the packed weights and the tokenizer's tables of a model in one file (docs/formats/packed.md), written by
/// the first start and mapped by the next ones.
///
///     PackedCopy copy = PackedCopy::look(checkpoint, {.places = {"model.gguf.carat-packed"}});
///     ASSIGN_OR_RETURN(const Tokenizer tokenizer, copy.tokenizer(checkpoint.source));
///     ASSIGN_OR_RETURN(const auto model, copy.load(std::move(checkpoint), pool));
///     PackedCopyWriter writer = copy.write(*model);          // a thread, if the weights had to be packed
///     ... answer ...
///     writer.finish();
///
/// A copy counts when it was made from these very bytes: either the model's files have the inode, size and times that
/// the copy remembers, or their hash (of every tensor that is packed and of the vocabulary; the tables that are read a
/// row at a time are not in the copy and not in the hash) is the copy's. Then all of its bytes are verified before any
/// is used. Anything that is wrong with a copy costs a start as if there were none; it is said, and never fails the
/// load.
///
/// Two processes may start at once: both pack, one writes, and a name always stands for a whole file.
class PackedCopy {
 public:
  struct Place {
    std::filesystem::path path;
    bool make_folder = false;  ///< may create the folder (private)
  };
  struct Options {
    std::vector<Place> places;                        ///< where a copy may be, best first
    std::int64_t min_bytes = std::int64_t{64} << 20;  ///< models below are packed in memory
  };

  /// No copy: everything is packed in memory.
  PackedCopy() = default;
  /// Never fails; what it found wrong is in notes().
  static PackedCopy look(const Checkpoint& checkpoint, Options options);

  /// From the copy when its files are known to be unchanged, else made. Errors: those of formats::open_tokenizer.
  Result<tokenizer::Tokenizer> tokenizer(const formats::ModelSource& source) const;

  /// From the copy, or packed. `progress` is told about checking the copy and about packing, one after the other.
  /// Errors: those of Decoder::load.
  Result<std::unique_ptr<Decoder>> load(Checkpoint checkpoint, ThreadPool& pool, const ProgressFn& progress = {});

  /// After load(): the file that the weights are mapped from; null = packed in memory.
  const formats::PackedFile* mapped() const { return loaded_ ? file_.get() : nullptr; }
  /// Whether the copy will be mapped, as far as is known before load().
  bool likely() const { return file_ != nullptr; }

  /// After load(): starts to write a copy if there is to be one. The model must outlive the writer.
  PackedCopyWriter write(const Decoder& model) const;

  /// Sentences for people, about what was wrong with a copy.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  bool made_from(const Checkpoint& checkpoint, ThreadPool& pool, const ProgressFn& progress) const;

  std::vector<Place> places_;        // where one may be written; empty = off
  std::vector<FileIdentity> stamp_;  // the model's files
  std::shared_ptr<const formats::PackedFile> file_;
  bool unchanged_ = false;  // the stamp of file_ is ours
  bool loaded_ = false;
  std::vector<std::string> notes_;
};

/// Writes a copy on a thread of its own while the model already answers: the first token does not wait for the disk.
class PackedCopyWriter {
 public:
  /// Writes nothing.
  PackedCopyWriter() = default;
  PackedCopyWriter(const Decoder& model, std::vector<PackedCopy::Place> places, std::vector<FileIdentity> stamp);
  PackedCopyWriter(PackedCopyWriter&&) noexcept = default;
  PackedCopyWriter& operator=(PackedCopyWriter&&) noexcept = default;
  ~PackedCopyWriter();

  bool active() const { return state_ != nullptr; }
  /// Waits. Where the copy is now, or empty.
  std::filesystem::path finish();
  /// After finish(): why there is no copy; empty when nobody need know.
  std::string problem() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace carat::model
