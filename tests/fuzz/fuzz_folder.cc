// A Hugging Face folder in which one file is the input: config.json, generation_config.json, tokenizer_config.json,
// tokenizer.json or the shard index (first byte), the others those of a small good model. Opened as the commands open
// it: configuration, tensors, chat template, tokenizer.
#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/chat_model.h"
#include "formats/model_source.h"
#include "formats/model_tokenizer.h"
#include "fuzz/config_checks.h"
#include "fuzz/scratch_file.h"
#include "fuzz/target.h"
#include "fuzz/tokenizer_checks.h"
#include "model/load_config.h"
#include "model/model_tensors.h"

namespace carat::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kNames = {"config.json", "generation_config.json", "tokenizer_config.json",
                                                    "tokenizer.json", "model.safetensors.index.json"};

class Folder {
 public:
  Folder() {
    // The one tensor file is a link: it is never the input. Under a second name too, for shard indices.
    for (const char* name : {"model.safetensors", "model-00001-of-00001.safetensors"}) {
      fs::create_symlink(golden() / "model.safetensors", folder_.path() / name);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      std::ifstream in(golden() / kNames[i], std::ios::binary);
      good_[i] = {std::istreambuf_iterator<char>(in), {}};
      CARAT_CHECK(!good_[i].empty());
      folder_.put(kNames[i], good_[i]);
    }
  }
  const fs::path& path() const { return folder_.path(); }
  void put(std::size_t i, std::string_view text) { folder_.put(kNames[i], text); }
  void put_back(std::size_t i) {
    if (good_[i].empty()) {
      fs::remove(path() / kNames[i]);
    } else {
      put(i, good_[i]);
    }
  }

 private:
  static fs::path golden() { return fs::path(CARAT_SOURCE_DIR) / "tests/golden/text/gemma3"; }

  ScratchFolder folder_;
  std::array<std::string, 5> good_;
};

void open(const fs::path& path) {
  const auto source = formats::open_model(path);
  if (!source) return check_refusal(source.error());
  (void)cli::has_chat_template(*source);
  const auto config = model::load_config(*source);
  if (config) {
    check_model_config(*config);
    const auto tensors = model::bind_tensors(*config, *source);
    if (!tensors) check_refusal(tensors.error());
  } else {
    check_refusal(config.error());
  }
  const auto tokenizer = formats::open_tokenizer(*source);
  if (!tokenizer) return check_refusal(tokenizer.error());
  check_text(*tokenizer, "Hello <bos> caf\xC3\xA9 \xE2\x96\x81\n\n");
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  static Folder folder;
  if (size == 0) return 0;
  const std::size_t i = data[0] % kNames.size();
  folder.put(i, as_text(data + 1, size - 1));
  open(folder.path());
  folder.put_back(i);
  return 0;
}
