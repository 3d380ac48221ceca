#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace carat::fuzz {

using Input = std::vector<std::uint8_t>;
using Words = std::vector<std::string>;

/// A dictionary in libFuzzer's format: lines of NAME="text" or "text", with \xNN, \\ and \"; # begins a comment.
/// Ends the process with a message when a line is none of these.
Words read_dictionary(const std::filesystem::path& path);

/// Makes new inputs of old ones, as libFuzzer does, but blind: without looking at what an input reaches.
class Mutator {
 public:
  Mutator(std::uint64_t seed, std::size_t max_bytes, Words words)
      : random_(seed), max_bytes_(max_bytes), words_(std::move(words)) {}

  /// One of the corpus with one to eight changes. REQUIRES: the corpus is not empty.
  Input mutated(const std::vector<Input>& corpus);

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  void change(Input& input, const std::vector<Input>& corpus);
  void overwrite_number(Input& input);
  void insert(Input& input, std::size_t at, const std::uint8_t* data, std::size_t size);

  std::mt19937_64 random_;
  std::size_t max_bytes_;
  Words words_;
};

}  // namespace carat::fuzz
