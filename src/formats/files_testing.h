#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Helpers of tests only: files that a test makes, and the goldens.
namespace carat::formats {

/// A new empty folder, gone at the end.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "carat-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::span<const std::byte> as_bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

#ifdef CARAT_SOURCE_DIR
inline std::filesystem::path golden(std::string_view name) {
  return std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / name;
}
#endif

/// A GGUF file written field by field, so that every field can be wrong.
class GgufBytes {
 public:
  GgufBytes& u32(std::uint32_t v) { return raw({reinterpret_cast<const char*>(&v), sizeof(v)}); }
  GgufBytes& u64(std::uint64_t v) { return raw({reinterpret_cast<const char*>(&v), sizeof(v)}); }
  GgufBytes& text(std::string_view s) { return u64(s.size()).raw(s); }
  GgufBytes& raw(std::string_view s) {
    bytes_ += s;
    return *this;
  }
  GgufBytes& head(std::uint64_t n_tensors, std::uint64_t n_keys) {
    return raw("GGUF").u32(3).u64(n_tensors).u64(n_keys);
  }
  /// A description; `dims` fastest first.
  GgufBytes& tensor(std::string_view name, std::vector<std::uint64_t> dims, std::uint32_t type, std::uint64_t offset) {
    text(name).u32(static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t d : dims) u64(d);
    return u32(type).u64(offset);
  }
  /// Zeros up to the alignment, then `n` zero bytes of data.
  GgufBytes& data(std::size_t n, std::size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment + n, '\0');
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace carat::formats
