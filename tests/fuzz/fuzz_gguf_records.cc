// A GGUF file built of records: lengths, counts and offsets fit together except where the input says otherwise, so the
// reader is tried behind its first checks. A file that is read is also written and read again.
#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <unordered_set>
#include <vector>

#include "formats/gguf/gguf_file.h"
#include "formats/gguf/gguf_writer.h"
#include "fuzz/choices.h"
#include "fuzz/gguf_checks.h"
#include "fuzz/scratch_file.h"
#include "fuzz/target.h"
#include "tensor/dtype.h"

namespace carat::fuzz {
namespace {

constexpr std::array<std::string_view, 20> kKeys = {"general.architecture",
                                                    "general.alignment",
                                                    "general.name",
                                                    "split.no",
                                                    "split.count",
                                                    "split.tensors.count",
                                                    "gemma4.block_count",
                                                    "gemma4.embedding_length",
                                                    "gemma4.attention.head_count",
                                                    "gemma4.attention.sliding_window",
                                                    "tokenizer.ggml.model",
                                                    "tokenizer.ggml.pre",
                                                    "tokenizer.ggml.tokens",
                                                    "tokenizer.ggml.token_type",
                                                    "tokenizer.ggml.merges",
                                                    "tokenizer.ggml.scores",
                                                    "tokenizer.ggml.bos_token_id",
                                                    "tokenizer.chat_template",
                                                    "a",
                                                    "\xC3\xA9"};
constexpr std::array<std::string_view, 8> kNames = {"token_embd.weight",
                                                    "output_norm.weight",
                                                    "blk.0.attn_q.weight",
                                                    "blk.0.attn_k.weight",
                                                    "blk.1.ffn_down.weight",
                                                    "rope_freqs.weight",
                                                    "t",
                                                    "\xE2\x96\x81"};
constexpr std::array<std::string_view, 6> kTexts = {"gemma4", "llama", "default", "", "\xFF\xFE", "<0x41>"};
constexpr std::array<std::uint32_t, 13> kScalarBytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr std::array<std::uint32_t, 8> kAlignments = {32, 8, 16, 64, 4096, 65536, 24, 0};

class Writer {
 public:
  explicit Writer(Choices& choose) : choose_(choose) {}

  std::string file() {
    const std::uint32_t n_keys = choose_.below(6), n_tensors = choose_.below(6);
    bytes_ = choose_.one_in(64) ? "GGUX" : "GGUF";
    number(choose_.one_in(64) ? choose_.number() : 3, 4);
    number(or_lie(n_tensors), 8);
    number(or_lie(n_keys), 8);
    for (std::uint32_t i = 0; i < n_keys; ++i) key();
    std::uint64_t offset = 0;
    for (std::uint32_t i = 0; i < n_tensors; ++i) offset = tensor(offset);
    const std::uint64_t padding = (alignment_ - bytes_.size() % alignment_) % alignment_;
    bytes_.resize(bytes_.size() + padding + offset);
    if (choose_.one_in(32))
      bytes_.resize(bytes_.size() - std::min<std::uint64_t>(bytes_.size(), 1 + choose_.below(64)));
    return std::move(bytes_);
  }

 private:
  // The true number, rarely another one.
  std::uint64_t or_lie(std::uint64_t truth) {
    if (!choose_.one_in(48)) return truth;
    return choose_.one_in(2) ? truth + choose_.below(5) - 2 : choose_.number();
  }
  void number(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }
  void text(std::string_view value) {
    number(or_lie(value.size()), 8);
    bytes_ += value;
  }
  std::string any_text() { return choose_.one_in(3) ? choose_.text(40) : std::string(choose_.among(kTexts)); }
  // A name that is new, unless the input wants it twice.
  std::string fresh(std::string name) {
    while (!names_.insert(name).second && !choose_.one_in(24)) name += static_cast<char>('a' + choose_.below(26));
    return name;
  }

  void key() {
    const std::string name = choose_.one_in(6) ? choose_.text(20) : fresh(std::string(choose_.among(kKeys)));
    text(name);
    if (name == "general.alignment" && !choose_.one_in(8)) {
      const std::uint32_t alignment = choose_.among(kAlignments);
      if (alignment > 0) alignment_ = alignment;
      number(4, 4);
      number(alignment, 4);
      return;
    }
    const std::uint32_t type = choose_.one_in(48) ? static_cast<std::uint32_t>(choose_.number()) : choose_.below(13);
    number(type, 4);
    if (type == 9) {
      array();
    } else {
      element(type);
    }
  }

  void element(std::uint32_t type) {
    if (type == 8) {
      text(any_text());
    } else if (type == 7) {
      number(choose_.one_in(16) ? choose_.byte() : choose_.below(2), 1);
    } else if (type < 13) {
      number(choose_.number(), kScalarBytes[type]);
    }
  }

  void array() {
    std::uint32_t type = choose_.below(13);
    if (type == 9 && !choose_.one_in(8)) type = 8;
    const std::uint32_t count = choose_.below(8);
    number(type, 4);
    number(or_lie(count), 8);
    for (std::uint32_t i = 0; i < count; ++i) element(type);
  }

  // Where the next tensor may begin.
  std::uint64_t tensor(std::uint64_t offset) {
    text(choose_.one_in(12) ? choose_.text(300) : fresh(std::string(choose_.among(kNames))));
    const auto type = static_cast<DType>(choose_.below(static_cast<std::uint32_t>(DType::kQ2_0) + 1));
    const DTypeInfo& info = dtype_info(type);
    const std::uint32_t n_dims = 1 + choose_.below(3);
    number(or_lie(n_dims), 4);
    std::uint64_t blocks = 1 + choose_.below(3);
    number(or_lie(blocks * info.block_elements), 8);
    for (std::uint32_t i = 1; i < n_dims; ++i) {
      const std::uint64_t extent = 1 + choose_.below(3);
      number(or_lie(extent), 8);
      blocks *= extent;
    }
    number(or_lie(static_cast<std::uint32_t>(info.ggml_id)), 4);
    number(or_lie(offset), 8);
    const std::uint64_t end = offset + blocks * info.block_bytes;
    return (end + alignment_ - 1) / alignment_ * alignment_;
  }

  Choices& choose_;
  std::string bytes_;
  std::uint64_t alignment_ = 32;
  std::unordered_set<std::string> names_;
};

// Written and read again, everything is the same.
void check_written(std::span<const std::byte> file) {
  const auto contents = formats::parse_gguf(file, "fuzz.gguf");
  if (!contents) return;
  static const ScratchFolder folder;
  const auto path = folder.path() / "again.gguf";
  CARAT_CHECK(formats::write_gguf(path, contents->metadata, contents->tensors));
  const auto again = formats::GgufPart::open(path);
  CARAT_CHECK(again);
  const auto before = contents->metadata.entries(), after = again->contents.metadata.entries();
  CARAT_CHECK(before.size() == after.size() && contents->tensors.size() == again->contents.tensors.size());
  const auto same = [](std::span<const std::byte> a, std::span<const std::byte> b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
  };
  for (std::size_t i = 0; i < before.size(); ++i) {
    CARAT_CHECK(before[i].key == after[i].key && before[i].value.type == after[i].value.type);
    CARAT_CHECK(same(before[i].value.bytes, after[i].value.bytes));
  }
  for (std::size_t i = 0; i < contents->tensors.size(); ++i) {
    const formats::Tensor &a = contents->tensors[i], &b = again->contents.tensors[i];
    CARAT_CHECK(a.name == b.name && a.dtype == b.dtype && a.shape == b.shape && same(a.data, b.data));
  }
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carat::fuzz::Choices choose(data, size);
  const bool write = choose.below(16) == 15;  // through the file system: slow
  const std::string file = carat::fuzz::Writer(choose).file();
  carat::fuzz::dump_if_asked(file);
  const auto bytes = std::as_bytes(std::span(file.data(), file.size()));
  carat::fuzz::check_gguf(bytes);
  if (write) carat::fuzz::check_written(bytes);
  return 0;
}
