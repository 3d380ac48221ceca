#include "formats/gguf/gguf_file.h"

#include <fmt/core.h>

#include <iterator>
#include <optional>
#include <string>

#include "base/bad_alloc.h"
#include "formats/limits.h"

namespace carat::formats {
namespace {

constexpr std::string_view kSplitNo = "split.no";
constexpr std::string_view kSplitCount = "split.count";
constexpr std::string_view kSplitTensors = "split.tensors.count";

// What a part says about the whole.
struct Split {
  std::int64_t no = 0;
  std::int64_t count = 1;
  std::int64_t n_tensors = 0;
};

Result<std::optional<Split>> read_split(const GgufMetadata& metadata) {
  if (!metadata.has(kSplitCount)) return std::optional<Split>();
  constexpr auto kMax = static_cast<std::int64_t>(kMaxParts);
  Split split;
  ASSIGN_OR_RETURN(split.count, metadata.get_int(kSplitCount, 0, kMax));
  if (split.count <= 1) return std::optional<Split>();
  ASSIGN_OR_RETURN(split.no, metadata.get_int(kSplitNo, 0, split.count - 1));
  ASSIGN_OR_RETURN(split.n_tensors, metadata.get_int(kSplitTensors, 0, static_cast<std::int64_t>(kMaxTensors)));
  return std::optional(split);
}

std::string part_suffix(std::int64_t no, std::int64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", no + 1, count);
}

// "NAME" of a part's path.
Result<std::string> split_stem(const std::filesystem::path& path, const Split& split) {
  const std::string text = path.string();
  const std::string suffix = part_suffix(split.no, split.count);
  if (!text.ends_with(suffix)) {
    return invalid_argument(
        fmt::format("{}: is part {} of {} of a split model, so its name must end in {}; give it the name it was "
                    "published under",
                    text, split.no + 1, split.count, suffix));
  }
  return text.substr(0, text.size() - suffix.size());
}

Result<void> check_part(const GgufPart& part, const Split& expected) {
  ASSIGN_OR_RETURN(const auto split, read_split(part.contents.metadata));
  if (split && split->no == expected.no && split->count == expected.count && split->n_tensors == expected.n_tensors) {
    return {};
  }
  return corrupt(
      fmt::format("{}: its split keys do not say part {} of {} with {} tensors in all, as the other parts "
                  "do; the parts are of different models",
                  part.file.path().string(), expected.no + 1, expected.count, expected.n_tensors));
}

}  // namespace

Result<GgufFile> GgufFile::open(const std::filesystem::path& path) {
  return no_bad_alloc([&]() -> Result<GgufFile> {
    GgufFile model;
    ASSIGN_OR_RETURN(GgufPart given, GgufPart::open(path));
    ASSIGN_OR_RETURN(const auto split, read_split(given.contents.metadata));
    if (split) {
      ASSIGN_OR_RETURN(const std::string stem, split_stem(path, *split));
      for (std::int64_t no = 0; no < split->count; ++no) {
        if (no == split->no) {
          model.parts_.push_back(std::move(given));
        } else {
          auto part = GgufPart::open(stem + part_suffix(no, split->count));
          if (!part) {
            return std::move(part).error().while_doing(
                fmt::format("opening part {} of {} of the split model", no + 1, split->count));
          }
          model.parts_.push_back(std::move(part).value());
        }
        RETURN_IF_ERROR(check_part(model.parts_.back(), {no, split->count, split->n_tensors}));
      }
    } else {
      model.parts_.push_back(std::move(given));
    }
    for (GgufPart& part : model.parts_) {
      std::move(part.contents.tensors.begin(), part.contents.tensors.end(), std::back_inserter(model.tensors_));
      part.contents.tensors.clear();
    }
    if (split && static_cast<std::int64_t>(model.tensors_.size()) != split->n_tensors) {
      return corrupt(fmt::format("{}: the parts hold {} tensors, split.tensors.count says {}", path.string(),
                                 model.tensors_.size(), split->n_tensors));
    }
    for (const std::string_view key : {kSplitNo, kSplitCount, kSplitTensors}) {
      model.parts_.front().contents.metadata.erase(key);
    }
    ASSIGN_OR_RETURN(model.index_, TensorIndex::build(model.tensors_, path.string()));
    return model;
  });
}

std::vector<std::filesystem::path> GgufFile::paths() const {
  std::vector<std::filesystem::path> paths;
  for (const GgufPart& part : parts_) paths.push_back(part.file.path());
  return paths;
}

std::vector<FileIdentity> GgufFile::identities() const {
  std::vector<FileIdentity> identities;
  for (const GgufPart& part : parts_) identities.push_back(part.file.identity());
  return identities;
}

std::span<const std::byte> GgufFile::header() const {
  std::span<const std::byte> header = parts_.front().file.bytes();
  for (const Tensor& tensor : tensors_) {
    const bool inside = tensor.data.data() >= header.data() && tensor.data.data() < header.data() + header.size();
    if (inside) header = header.first(static_cast<std::size_t>(tensor.data.data() - header.data()));
  }
  return header;
}

}  // namespace carat::formats
