#include "cli/loaded_model.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>

#include "base/bad_alloc.h"
#include "cli/cache_options.h"
#include "cli/output.h"
#include "cli/quantities.h"
#include "cli/term/progress.h"

namespace carat::cli {
namespace {

/// A line for each kind of work, one after the other.
class LoadProgress {
 public:
  void at(std::string_view what, std::uint64_t done, std::uint64_t total) {
    if (what != what_) {
      line_.emplace(std::string(what));
      what_ = what;
    }
    line_->at(done, total);
  }

 private:
  std::string what_;
  std::optional<Progress> line_;
};

}  // namespace

Result<LoadedModel> LoadedModel::load(model::Checkpoint checkpoint, model::PackedCopy copy, ThreadPool& pool) {
  LoadedModel loaded;
  auto decoder = [&] {
    LoadProgress progress;
    return copy.load(std::move(checkpoint), pool,
                     [&](auto what, auto done, auto total) { progress.at(what, done, total); });
  }();
  for (const std::string& note : copy.notes()) say(note);
  if (!decoder) return std::move(decoder).error();
  loaded.decoder_ = std::move(decoder).value();
  if (const formats::PackedFile* file = copy.mapped()) {
    loaded.mapped_ = true;
    store::PackCache::touch(file->path());
  } else {
    loaded.writer_ = copy.write(*loaded.decoder_);
  }
  return loaded;
}

LoadedModel::~LoadedModel() {
  // Without memory for what is to be said, nothing is said.
  (void)no_bad_alloc([this]() -> Result<void> {
    finish();
    return {};
  });
}

void LoadedModel::finish() {
  if (!writer_.active()) return;
  const std::filesystem::path written = writer_.finish();
  const std::string problem = writer_.problem();
  writer_ = {};
  if (!problem.empty()) say(problem);
  if (written.empty()) return;
  const store::PackCache cache = pack_cache();
  cache.remember(written, decoder_->source().home());
  say(fmt::format("packed weights kept in {} for the next start", written.string()));
  for (const auto& gone : cache.trim(store::PackCache::kMaxBytes, written)) {
    say(fmt::format("removed {}, the copy not used for the longest time: all of them may take {}", gone.path.string(),
                    human_bytes(store::PackCache::kMaxBytes)));
  }
}

}  // namespace carat::cli
