#include "formats/model_source.h"

#include <fmt/core.h>

#include <cstring>
#include <system_error>

#include "base/bad_alloc.h"
#include "base/file.h"
#include "formats/printable.h"
#include "formats/safetensors/safetensors_part.h"

namespace carat::formats {
namespace {

namespace fs = std::filesystem;

Result<ModelSource> open_folder(const fs::path& given, const fs::path& folder) {
  ASSIGN_OR_RETURN(HfFolder model, HfFolder::open(folder));
  ModelSource source;
  source.path = given;
  source.folder = std::move(model);
  return source;
}

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

// The start of a file of unknown kind, and what it may be.
Error unknown_file(const fs::path& path, std::span<const std::byte> bytes) {
  std::string found =
      fmt::format("starts with \"{}\"",
                  printable({reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 8)}));
  if (starts_with(bytes, "PK\x03\x04")) found = "is a zip archive (perhaps PyTorch weights)";
  if (starts_with(bytes, "FUGG")) found = "is a byte-swapped GGUF file";
  if (starts_with(bytes, "version https://git-lfs")) found = "is a git-lfs pointer, not the file itself";
  return corrupt(
      fmt::format("{}: {}; expected a GGUF file, a safetensors file or a Hugging Face folder", path.string(), found));
}

}  // namespace

std::string ModelSource::name() const {
  if (gguf) {
    const auto name = gguf->metadata().get_string("general.name");
    if (name && !name->empty()) return printable(*name);
    return path.stem().string();
  }
  std::error_code error;
  const fs::path whole = fs::canonical(folder->path, error);
  return (error ? folder->path : whole).filename().string();
}

fs::path ModelSource::home() const { return gguf ? gguf->paths().front() : folder->path; }

std::vector<FileIdentity> ModelSource::identities() const {
  if (gguf) return gguf->identities();
  std::vector<FileIdentity> identities = folder->tensors->identities();
  if (folder->tokenizer_json) {
    const auto file = MappedFile::open(*folder->tokenizer_json);
    identities.push_back(file ? file->identity() : FileIdentity());
  }
  return identities;
}

Hash128 ModelSource::vocabulary_hash() const {
  if (gguf) return hash128(gguf->header());
  if (!folder->tokenizer_json) return {};
  const auto file = MappedFile::open(*folder->tokenizer_json);
  return file ? hash128(file->bytes()) : Hash128();
}

Result<ModelSource> open_model(const fs::path& path) {
  return no_bad_alloc([&]() -> Result<ModelSource> {
    std::error_code error;
    if (fs::is_directory(path, error)) return open_folder(path, path);
    ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
    if (starts_with(file.bytes(), "GGUF")) {
      ASSIGN_OR_RETURN(GgufFile gguf, GgufFile::open(path));
      ModelSource source;
      source.path = path;
      source.gguf = std::move(gguf);
      return source;
    }
    if (!looks_like_safetensors(file.bytes())) return unknown_file(path, file.bytes());
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (!fs::exists(folder / "config.json", error)) {
      return not_found(
          fmt::format("{}: is a safetensors file without a config.json beside it; a model needs both", path.string()));
    }
    return open_folder(path, folder);
  });
}

}  // namespace carat::formats
