// Loading: model files, weights, packed copies, tokenizers.

#include <unistd.h>

#include "../model_testing.h"
#include "base/bad_alloc.h"
#include "base/hash.h"
#include "formats/gguf/gguf_file.h"
#include "formats/model_tokenizer.h"
#include "formats/safetensors/safetensors_source.h"
#include "formats/safetensors/safetensors_writer.h"
#include "model/packed_copy.h"
#include "torture.h"

namespace carat::torture {
namespace {

namespace fs = std::filesystem;
using testing::golden_dir;

std::string hash_of(std::span<const std::byte> bytes) {
  return std::to_string(hash64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

std::string digest(const model::Decoder& decoder) {
  std::string text;
  for (const model::PackedTensor& tensor : decoder.weights().packed) text += hash_of(tensor.bytes) + " ";
  for (const model::LayerWeights& layer : decoder.weights().layers) {
    text += hash_of(std::as_bytes(std::span(layer.input_layernorm))) + " ";
  }
  return text;
}

class LoadTorture : public ::testing::Test {
 protected:
  LoadTorture() : pool_(1), two_(2) {
    std::string form = ::testing::TempDir() + "carat-torture-XXXXXX";
    dir_ = mkdtemp(form.data());
  }
  ~LoadTorture() override { fs::remove_all(dir_); }

  ThreadPool pool_, two_;
  fs::path dir_;
};

TEST_F(LoadTorture, Readers) {
  const fs::path gguf = golden_dir() / "text/e2b/model-q4_0.gguf",
                 tensors = golden_dir() / "text/e2b/model.safetensors";
  torture({.name = "GGUF", .run = [&]() -> Result<std::string> {
             ASSIGN_OR_RETURN(const auto file, formats::GgufFile::open(gguf));
             return std::to_string(file.tensors().size());
           }});
  torture({.name = "safetensors", .run = [&]() -> Result<std::string> {
             ASSIGN_OR_RETURN(const auto file, formats::SafetensorsSource::open(tensors));
             return std::to_string(file.tensors().size());
           }});
}

TEST_F(LoadTorture, Tokenizers) {
  for (const char* name : {"text/e2b", "text/e2b/model-q4_0.gguf"}) {
    const fs::path path = golden_dir() / name;
    torture({.name = std::string("tokenizer of ") + name,
             .run = [&]() -> Result<std::string> {
               ASSIGN_OR_RETURN(const auto source, formats::open_model(path));
               ASSIGN_OR_RETURN(const auto tokenizer, formats::open_tokenizer(source));
               return std::to_string(tokenizer.vocab_size());
             },
             .may_do_without = true,  // std::stable_sort and simdjson do with less
             .one_only = fs::is_directory(path)});
  }
}

TEST_F(LoadTorture, Models) {
  for (const char* name : {"text/e2b", "text/e2b/model-q4_0.gguf", "text/26b-a4b/model-q8_0.gguf",
                           "text/31b/model-q4_k_m.gguf", "text/gemma3"}) {
    const fs::path path = golden_dir() / name;
    for (ThreadPool* pool : {&pool_, &two_}) {
      torture({.name = std::string("load ") + name + ", threads: " + std::to_string(pool->n_threads()),
               .run = [&]() -> Result<std::string> {
                 ASSIGN_OR_RETURN(auto checkpoint, model::Checkpoint::open(path));
                 ASSIGN_OR_RETURN(const auto decoder, model::Decoder::load(std::move(checkpoint), *pool));
                 return no_bad_alloc([&]() -> Result<std::string> { return digest(*decoder); });
               },
               .may_do_without = true,  // std::stable_sort and simdjson do with less
               .one_only = fs::is_directory(path)});
    }
  }
}

TEST_F(LoadTorture, PackedCopies) {
  const fs::path gguf = golden_dir() / "text/e2b/model-q4_0.gguf", copy_path = dir_ / "copy";
  const auto start = [&]() -> Result<std::string> {
    ASSIGN_OR_RETURN(auto checkpoint, model::Checkpoint::open(gguf));
    return no_bad_alloc([&]() -> Result<std::string> {  // look() and write() have no Result
      model::PackedCopy copy = model::PackedCopy::look(checkpoint, {.places = {{copy_path}}, .min_bytes = 0});
      ASSIGN_OR_RETURN(const auto tokenizer, copy.tokenizer(checkpoint.source));
      ASSIGN_OR_RETURN(const auto decoder, copy.load(std::move(checkpoint), two_));
      model::PackedCopyWriter writer;
      if (copy.mapped() == nullptr) writer = copy.write(*decoder);
      (void)writer.finish();
      return digest(*decoder) + std::to_string(tokenizer.vocab_size());
    });
  };
  // A copy that cannot be made or used costs time and nothing else.
  torture({.name = "first start",
           .run =
               [&] {
                 std::error_code ignored;
                 ::unlink(copy_path.c_str());
                 return start();
               },
           .may_do_without = true});
  ASSERT_TRUE(fs::exists(copy_path));
  torture({.name = "second start", .run = start, .may_do_without = true});
}

}  // namespace
}  // namespace carat::torture
