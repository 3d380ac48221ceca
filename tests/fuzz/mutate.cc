#include "fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace carat::fuzz {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The text between the quotes of a line; false when the line is not of that form.
bool unquote(const std::string& line, std::string& text) {
  const auto open = line.find('"');
  const auto close = line.rfind('"');
  if (open == std::string::npos || close == open) return false;
  for (std::size_t i = open + 1; i < close; ++i) {
    if (line[i] != '\\') {
      text += line[i];
    } else if (i + 1 < close && (line[i + 1] == '\\' || line[i + 1] == '"')) {
      text += line[++i];
    } else if (i + 3 < close && line[i + 1] == 'x' && hex_digit(line[i + 2]) >= 0 && hex_digit(line[i + 3]) >= 0) {
      text += static_cast<char>(hex_digit(line[i + 2]) * 16 + hex_digit(line[i + 3]));
      i += 3;
    } else {
      return false;
    }
  }
  return !text.empty();
}

}  // namespace

Words read_dictionary(const std::filesystem::path& path) {
  std::ifstream in(path);
  Words words;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    std::string text;
    if (!unquote(line, text)) {
      std::fprintf(stderr, "%s:%d: no dictionary line: %s\n", path.c_str(), number, line.c_str());
      std::exit(2);
    }
    words.push_back(text);
  }
  if (words.empty()) {
    std::fprintf(stderr, "%s: no words\n", path.c_str());
    std::exit(2);
  }
  return words;
}

Input Mutator::mutated(const std::vector<Input>& corpus) {
  Input input = corpus[below(corpus.size())];
  if (input.size() > max_bytes_) input.resize(max_bytes_);
  for (std::size_t n = 1 + below(below(4) == 0 ? 8 : 2); n > 0; --n) change(input, corpus);
  return input;
}

void Mutator::change(Input& input, const std::vector<Input>& corpus) {
  const std::size_t size = input.size();
  const auto at = [&](std::size_t i) { return input.begin() + static_cast<std::ptrdiff_t>(i); };
  const std::size_t kind = size == 0 ? 7 : below(9);
  switch (kind) {
    case 0:
      input[below(size)] ^= static_cast<std::uint8_t>(1u << below(8));
      break;
    case 1: {
      constexpr std::array<std::uint8_t, 6> kBytes = {0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF};
      input[below(size)] = kBytes[below(kBytes.size())];
      break;
    }
    case 2:
      input[below(size)] = static_cast<std::uint8_t>(random_());
      break;
    case 3:
      overwrite_number(input);
      break;
    case 4: {  // a piece goes
      const std::size_t from = below(size);
      input.erase(at(from), at(from + std::min(size - from, 1 + below(16))));
      break;
    }
    case 5: {  // a piece comes twice
      const std::size_t from = below(size);
      const Input piece(at(from), at(from + std::min(size - from, 1 + below(32))));
      insert(input, below(size + 1), piece.data(), piece.size());
      break;
    }
    case 6: {  // a piece of another input
      const Input& other = corpus[below(corpus.size())];
      if (other.empty()) break;
      const std::size_t from = below(other.size());
      insert(input, below(size + 1), other.data() + from, std::min(other.size() - from, 1 + below(64)));
      break;
    }
    case 7: {  // a word, or any byte
      if (words_.empty()) {
        const auto byte = static_cast<std::uint8_t>(random_());
        insert(input, below(size + 1), &byte, 1);
        break;
      }
      const std::string& word = words_[below(words_.size())];
      insert(input, below(size + 1), reinterpret_cast<const std::uint8_t*>(word.data()), word.size());
      break;
    }
    default:  // the end goes
      if (below(4) == 0) input.resize(below(size));
      break;
  }
}

void Mutator::overwrite_number(Input& input) {
  const std::size_t width = std::size_t{1} << below(4);
  if (input.size() < width) return;
  std::uint64_t value = 0;
  const std::size_t at = below(input.size() - width + 1);
  std::memcpy(&value, input.data() + at, width);  // both sides little endian, as the files are
  switch (below(4)) {
    case 0:
      value += 1;
      break;
    case 1:
      value -= 1;
      break;
    case 2:
      value = std::uint64_t{1} << below(64);
      break;
    default:
      value = ~(std::uint64_t{1} << below(64));
      break;
  }
  std::memcpy(input.data() + at, &value, width);
}

void Mutator::insert(Input& input, std::size_t at, const std::uint8_t* data, std::size_t size) {
  if (input.size() + size > max_bytes_) return;
  input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), data, data + size);
}

}  // namespace carat::fuzz
