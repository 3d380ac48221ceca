#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <utility>

#include "base/bad_alloc.h"
#include "base/file_writer.h"
#include "formats/model_tokenizer.h"
#include "formats/packed/packed_writer.h"
#include "kernels/packed/layout.h"
#include "model/packed_copy.h"
#include "model/packed_copy_sections.h"

namespace carat::model {
namespace {

namespace fs = std::filesystem;

// Readable for whoever may read the model, and writable for us alone.
unsigned mode_like(const fs::path& model) {
  struct stat info {};
  return stat(model.c_str(), &info) == 0 ? (info.st_mode & 0444U) | 0600U : 0600U;
}

Result<void> write_file(const fs::path& path, const Decoder& model, std::span<const FileIdentity> stamp) {
  const formats::ModelSource& source = model.source();
  ASSIGN_OR_RETURN(auto out,
                   formats::PackedWriter::create(path, static_cast<std::uint64_t>(model.weights().packed_bytes())));
  std::vector<SourceTensor> tensors;
  for (const PackedTensor& tensor : model.weights().packed) {
    RETURN_IF_ERROR(out.add(tensor.section, tensor.bytes));
    tensors.push_back({tensor.section, tensor.source_hash});
  }
  // A model whose tokenizer cannot be read still runs by ids.
  if (const auto tokenizer = formats::open_tokenizer(source)) {
    RETURN_IF_ERROR(out.add(kTokenizerSection, tokenizer->save_tables()));
  }
  std::error_code ignored;
  const formats::PackedOrigin origin{.layout_version = kernels::kPackedLayoutVersion,
                                     .source_hash = combined_hash(std::move(tensors), source),
                                     .model_name = model.config().name,
                                     .model_path = fs::canonical(source.home(), ignored).string()};
  return out.commit(origin, stamp, mode_like(source.home()));
}

}  // namespace

Hash128 combined_hash(std::vector<SourceTensor> tensors, const formats::ModelSource& source) {
  std::sort(tensors.begin(), tensors.end(),
            [](const SourceTensor& a, const SourceTensor& b) { return a.section < b.section; });
  Hasher128 hasher;
  for (const SourceTensor& tensor : tensors) hasher.add(tensor.section).add(tensor.hash);
  return hasher.add(source.vocabulary_hash()).hash();
}

struct PackedCopyWriter::State {
  fs::path written;
  std::string problem;
  bool out_of_memory = false;  // then nothing can be written down, least of all a sentence

  void run(const Decoder& model, const std::vector<PackedCopy::Place>& places, std::span<const FileIdentity> stamp) {
    std::vector<std::string> problems;
    for (const PackedCopy::Place& place : places) {
      if (place.make_folder && place.path.has_parent_path()) {
        if (const auto made = create_private_dirs(place.path.parent_path()); !made) {
          problems.push_back(made.error().to_string());
          continue;
        }
      }
      if (FileWriter::clear_abandoned(place.path)) return;  // another process is writing the same
      const auto done = write_file(place.path, model, stamp);
      if (done) {
        written = place.path;
        return;
      }
      problems.push_back(done.error().to_string());
    }
    problem = fmt::format("the packed weights cannot be kept, so every start packs them again: {}",
                          fmt::join(problems, "; "));
  }
};

PackedCopyWriter::PackedCopyWriter(const Decoder& model, std::vector<PackedCopy::Place> places,
                                   std::vector<FileIdentity> stamp)
    : state_(std::make_shared<State>()) {
  const auto work = [state = state_, &model, places = std::move(places), stamp = std::move(stamp)] {
    // The answer that is being made goes first; on Linux this is the niceness of this thread alone.
    (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10);
    const auto done = no_bad_alloc([&]() -> Result<void> {
      state->run(model, places, stamp);
      return {};
    });
    state->out_of_memory = !done.has_value();
  };
  try {
    thread_ = std::thread(work);
  } catch (const std::system_error& error) {
    state_->problem =
        fmt::format("the packed weights cannot be kept: cannot start a thread: {}", error.code().message());
  }
}

PackedCopyWriter::~PackedCopyWriter() {
  if (thread_.joinable()) thread_.join();
}

fs::path PackedCopyWriter::finish() {
  if (thread_.joinable()) thread_.join();
  return state_ ? state_->written : fs::path();
}

std::string PackedCopyWriter::problem() const {
  if (state_ && state_->out_of_memory) return "the packed weights cannot be kept: out of memory";
  return state_ ? state_->problem : "";
}

}  // namespace carat::model
