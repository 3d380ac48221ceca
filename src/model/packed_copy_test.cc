#include "model/packed_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "formats/files_testing.h"
#include "formats/model_tokenizer.h"
#include "formats/packed/packed_writer.h"
#include "kernels/packed/layout.h"
#include "model/weights.h"

namespace carat::model {
namespace {

namespace fs = std::filesystem;
using formats::PackedFile;
using formats::read_text;
using formats::TempDir;
using formats::write_text;

class PackedCopyTest : public ::testing::Test {
 protected:
  PackedCopyTest() { fs::copy(formats::golden("e2b/model-q4_0.gguf"), model_); }

  static Checkpoint open(const fs::path& path) {
    auto checkpoint = Checkpoint::open(path);
    EXPECT_TRUE(checkpoint) << checkpoint.error().to_string();
    return std::move(checkpoint).value();
  }

  struct Started {
    std::unique_ptr<Decoder> model;
    bool mapped = false;
    std::vector<std::string> notes;
    fs::path written;
    std::string problem;
  };
  // One start of the program: look, load, write if need be.
  Started start(std::int64_t min_bytes = 0) {
    Checkpoint checkpoint = open(model_);
    PackedCopy copy = PackedCopy::look(checkpoint, {.places = places_, .min_bytes = min_bytes});
    const auto tokenizer = copy.tokenizer(checkpoint.source);
    EXPECT_TRUE(tokenizer);
    EXPECT_EQ(tokenizer->encode("a b <bos>"), formats::open_tokenizer(checkpoint.source)->encode("a b <bos>"));
    auto model = copy.load(std::move(checkpoint), pool_);
    EXPECT_TRUE(model) << model.error().to_string();
    Started started{std::move(model).value(), copy.mapped() != nullptr, {}, {}, {}};
    PackedCopyWriter writer = copy.write(*started.model);
    started.written = writer.finish();
    started.problem = writer.problem();
    started.notes = copy.notes();
    return started;
  }
  // Starts, and checks that whatever happened the weights are those that packing in memory makes.
  Started start_right(std::int64_t min_bytes = 0) {
    Started started = start(min_bytes);
    const Checkpoint checkpoint = open(model_);
    const auto expected = load_weights(checkpoint.config, checkpoint.tensors, pool_);
    const auto& packed = started.model->weights().packed;
    EXPECT_EQ(packed.size(), expected->packed.size());
    for (std::size_t i = 0; i < packed.size(); ++i) {
      EXPECT_EQ(packed[i].section, expected->packed[i].section);
      EXPECT_TRUE(std::equal(packed[i].bytes.begin(), packed[i].bytes.end(), expected->packed[i].bytes.begin(),
                             expected->packed[i].bytes.end()))
          << packed[i].section;
    }
    return started;
  }
  bool one_note(const Started& started, std::string_view word) {
    return started.notes.size() == 1 && started.notes[0].find(word) != std::string::npos;
  }
  std::size_t n_files() { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {})); }

  TempDir folder_;
  fs::path model_ = folder_ / "m.gguf", copy_ = folder_ / "m.gguf.carat-packed";
  std::vector<PackedCopy::Place> places_{{.path = copy_}};
  ThreadPool pool_{2};
  const std::thread::id caller_ = std::this_thread::get_id();
};

TEST_F(PackedCopyTest, IsWrittenOnceAndThenMapped) {
  const Started first = start_right();
  EXPECT_FALSE(first.mapped);
  EXPECT_EQ(first.written, copy_);
  EXPECT_EQ(n_files(), 2U);
  const std::string bytes = read_text(copy_);
  for (int i = 0; i < 2; ++i) {
    const Started next = start_right();
    EXPECT_TRUE(next.mapped);
    EXPECT_TRUE(next.notes.empty());
    EXPECT_TRUE(next.written.empty());
  }
  EXPECT_EQ(read_text(copy_), bytes);
  const auto file = PackedFile::open(copy_);
  EXPECT_EQ(file->origin().model_path, fs::canonical(model_));
  struct stat model {
  }, copy{};
  stat(model_.c_str(), &model);
  stat(copy_.c_str(), &copy);
  EXPECT_EQ(copy.st_mode & 0777, (model.st_mode & 0444) | 0600);
}

TEST_F(PackedCopyTest, TellsHowFarItIs) {
  const auto told = [&] {
    Checkpoint checkpoint = open(model_);
    PackedCopy copy = PackedCopy::look(checkpoint, {.places = places_, .min_bytes = 0});
    const auto weights = static_cast<std::uint64_t>(planned_weight_bytes(checkpoint.tensors));
    std::vector<std::string> stages;
    std::uint64_t last = 0, last_total = 0;
    const auto model = copy.load(std::move(checkpoint), pool_, [&](auto what, auto done, auto total) {
      EXPECT_EQ(std::this_thread::get_id(), caller_);
      if (stages.empty() || stages.back() != what) {
        EXPECT_EQ(last, last_total) << "the stage before " << what << " did not end";
        stages.emplace_back(what);
        last = 0;
      }
      EXPECT_LE(last, done);
      EXPECT_LE(done, total);
      if (what == "packing the weights") {
        EXPECT_EQ(total, weights);
      }
      last = done;
      last_total = total;
    });
    EXPECT_TRUE(model);
    EXPECT_EQ(last, last_total);
    EXPECT_GT(last, 0U);
    return stages;
  };
  using Stages = std::vector<std::string>;
  const std::string pack = "packing the weights", read = "reading the packed copy",
                    compare = "comparing the packed copy with the model";
  EXPECT_EQ(told(), Stages{pack});
  start();
  EXPECT_EQ(told(), Stages{read});
  ASSERT_EQ(utimensat(AT_FDCWD, model_.c_str(), nullptr, 0), 0);
  EXPECT_EQ(told(), (Stages{compare, read}));
  std::string bytes = read_text(copy_);
  bytes[bytes.size() / 2] ^= 1;
  write_text(copy_, bytes);
  EXPECT_EQ(told(), (Stages{read, pack}));
}

TEST_F(PackedCopyTest, SmallModelsAreNeverCached) {
  const Started started = start_right(std::int64_t{64} << 20);
  EXPECT_FALSE(started.mapped);
  EXPECT_EQ(n_files(), 1U);
}

TEST_F(PackedCopyTest, ATouchedModelIsHashedOnce) {
  start();
  ASSERT_EQ(utimensat(AT_FDCWD, model_.c_str(), nullptr, 0), 0);
  const auto before = PackedFile::open(copy_)->stamp();
  EXPECT_TRUE(start_right().mapped);
  const auto after = PackedFile::open(copy_)->stamp();
  EXPECT_NE(before, after);
  EXPECT_EQ(after, open(model_).source.identities());
}

TEST_F(PackedCopyTest, AChangedModelIsPackedAgain) {
  start();
  std::string bytes = read_text(model_);
  const Checkpoint checkpoint = open(model_);
  const auto tensor = checkpoint.tensors.layers[1].down_proj->data;
  const auto at = bytes.find(std::string_view(reinterpret_cast<const char*>(tensor.data()), 64));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 7] ^= 0x11;  // codes of one block
  write_text(folder_ / "new.gguf", bytes);
  fs::rename(folder_ / "new.gguf", model_);
  const Started again = start_right();
  EXPECT_FALSE(again.mapped);
  EXPECT_TRUE(one_note(again, "other weights")) << again.notes.size();
  EXPECT_EQ(again.written, copy_);
  EXPECT_TRUE(start_right().mapped);
}

TEST_F(PackedCopyTest, AChangedVocabularyCountsToo) {
  start();
  std::string bytes = read_text(model_);
  const auto at = bytes.find("tokenizer.ggml.eos_token_id");
  ASSERT_NE(at, std::string::npos);
  bytes[at + std::strlen("tokenizer.ggml.eos_token_id") + 4] ^= 2;
  write_text(model_, bytes);
  EXPECT_FALSE(start_right().mapped);
  EXPECT_TRUE(start_right().mapped);
}

TEST_F(PackedCopyTest, ACopyOfModelAndCopyIsRecognised) {
  start();
  fs::create_directory(folder_ / "elsewhere");
  fs::copy(model_, folder_ / "elsewhere/m.gguf");
  fs::rename(copy_, folder_ / "elsewhere/m.gguf.carat-packed");
  model_ = folder_ / "elsewhere/m.gguf";
  places_ = {{.path = folder_ / "elsewhere/m.gguf.carat-packed"}};
  EXPECT_TRUE(start_right().mapped);
}

TEST_F(PackedCopyTest, ADamagedCopyIsReplaced) {
  start();
  const std::string whole = read_text(copy_);
  for (const std::size_t at : {std::size_t{20}, std::size_t{100'000}, whole.size() - 40}) {
    std::string bytes = whole;
    bytes[at] ^= 4;
    write_text(copy_, bytes);
    const Started again = start_right();
    EXPECT_FALSE(again.mapped) << at;
    EXPECT_TRUE(one_note(again, "damaged")) << at;
    EXPECT_EQ(read_text(copy_), whole) << at;
  }
  write_text(copy_, whole.substr(0, whole.size() / 2));
  EXPECT_FALSE(start_right().mapped);
  EXPECT_EQ(read_text(copy_), whole);
}

TEST_F(PackedCopyTest, AnotherLayoutVersionIsReplaced) {
  start();
  {
    const auto file = PackedFile::open(copy_);
    formats::PackedOrigin origin = file->origin();
    origin.layout_version = kernels::kPackedLayoutVersion + 1;
    auto out = formats::PackedWriter::create(folder_ / "other", 0);
    const Checkpoint checkpoint = open(model_);
    for (const formats::Tensor* tensor : packed_tensors(checkpoint.tensors)) {
      ASSERT_TRUE(out->add(packed_section(*tensor), file->find(packed_section(*tensor))));
    }
    ASSERT_TRUE(out->commit(origin, file->stamp(), 0600));
  }
  fs::rename(folder_ / "other", copy_);
  EXPECT_FALSE(start_right().mapped);
  EXPECT_EQ(PackedFile::open(copy_)->origin().layout_version, std::uint32_t{kernels::kPackedLayoutVersion});
  EXPECT_TRUE(start_right().mapped);
}

TEST_F(PackedCopyTest, AForeignFileIsLeftAlone) {
  write_text(copy_, "somebody's notes");
  places_.push_back({folder_ / "cache/deep/m.carat-packed", true});
  const Started first = start_right();
  EXPECT_TRUE(one_note(first, "left alone"));
  EXPECT_EQ(first.written, places_[1].path);
  EXPECT_EQ(read_text(copy_), "somebody's notes");
  EXPECT_TRUE(start_right().mapped);
}

TEST_F(PackedCopyTest, ALinkToTheCopyIsNoSecondOne) {
  start();
  fs::create_symlink(copy_, folder_ / "link");
  places_.push_back({.path = folder_ / "link"});
  std::string bytes = read_text(copy_);
  bytes[20] ^= 1;
  write_text(copy_, bytes);
  EXPECT_TRUE(one_note(start_right(), "damaged"));
  fs::remove(copy_);
  EXPECT_TRUE(start_right().notes.empty()) << "a link to nothing is nothing";
}

TEST_F(PackedCopyTest, WhereNothingCanBeWrittenItSaysSoOnce) {
  places_ = {{.path = folder_ / "no/such/folder/m.carat-packed"}, {.path = folder_ / "m.gguf/x", .make_folder = true}};
  const Started started = start_right();
  EXPECT_TRUE(started.written.empty());
  EXPECT_NE(started.problem.find("packs them again"), std::string::npos) << started.problem;
  EXPECT_NE(started.problem.find("no such folder"), std::string::npos) << started.problem;
}

TEST_F(PackedCopyTest, AModelThatFailsToLoadLeavesNoFile) {
  std::string bytes = read_text(model_);
  const Checkpoint checkpoint = open(model_);
  const auto tensor = checkpoint.tensors.layers.back().up_proj->data;
  const auto at = bytes.find(std::string_view(reinterpret_cast<const char*>(tensor.data()), 64));
  bytes[at + 1] = 0x7C;  // the first scale is infinite
  bytes[at] = 0;
  write_text(folder_ / "broken.gguf", bytes);
  Checkpoint broken = open(folder_ / "broken.gguf");
  PackedCopy copy = PackedCopy::look(broken, {.places = places_, .min_bytes = 0});
  const auto model = copy.load(std::move(broken), pool_);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), ErrorCode::kCorrupt);
  EXPECT_FALSE(fs::exists(copy_));
}

TEST_F(PackedCopyTest, WorksForFolders) {
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"}) {
    fs::copy(formats::golden(std::string("26b-a4b/") + name), folder_ / name);
  }
  fs::remove(model_);
  model_ = folder_.path();
  EXPECT_FALSE(start_right().mapped);
  EXPECT_TRUE(start_right().mapped);
  write_text(folder_ / "tokenizer.json", read_text(folder_ / "tokenizer.json") + "\n");
  EXPECT_FALSE(start_right().mapped) << "the vocabulary may have changed";
}

}  // namespace
}  // namespace carat::model
