#include "formats/model_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "formats/files_testing.h"

namespace carat::formats {
namespace {

std::string error_of(const std::filesystem::path& path) {
  const auto source = open_model(path);
  return source ? std::string("none") : source.error().to_string();
}

#define EXPECT_ERROR(path, part) EXPECT_NE(error_of(path).find(part), std::string::npos) << error_of(path)

TEST(OpenModel, DecidesByContent) {
  const auto folder = open_model(golden("e2b"));
  ASSERT_TRUE(folder) << folder.error().to_string();
  ASSERT_TRUE(folder->folder);
  EXPECT_EQ(folder->name(), "e2b");
  EXPECT_TRUE(folder->folder->generation_config);
  EXPECT_TRUE(folder->folder->tokenizer_json);
  const auto inside = open_model(golden("e2b/model.safetensors"));
  ASSERT_TRUE(inside) << inside.error().to_string();
  EXPECT_EQ(inside->tensors().tensors().size(), folder->tensors().tensors().size());

  // Whatever its name is.
  const TempDir dir;
  std::filesystem::copy(golden("gemma3/model-q8_0.gguf"), dir / "blob");
  const auto gguf = open_model(dir / "blob");
  ASSERT_TRUE(gguf) << gguf.error().to_string();
  ASSERT_TRUE(gguf->gguf);
  EXPECT_EQ(gguf->name(), "tiny gemma3_text q8_0");
  EXPECT_NE(gguf->tensors().find("token_embd.weight"), nullptr);
}

TEST(OpenModel, SaysWhatItFoundAndWhatItExpected) {
  const TempDir dir;
  EXPECT_ERROR(dir / "none", "no such file");
  EXPECT_ERROR("/dev/null", "/dev/null: is a pipe, a device or a socket");
  EXPECT_ERROR(dir.path(), "a folder without config.json; expected a Hugging Face folder");
  write_text(dir / "empty", "");
  EXPECT_ERROR(dir / "empty", "file is empty");
  write_text(dir / "text", "hello\nworld");
  EXPECT_ERROR(dir / "text", "starts with \"hello\\x0Awo\"; expected a GGUF file");
  write_text(dir / "zip", "PK\x03\x04zzzzzzzzzz");
  EXPECT_ERROR(dir / "zip", "is a zip archive");
  write_text(dir / "pointer", "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_ERROR(dir / "pointer", "is a git-lfs pointer");
  std::filesystem::copy(golden("e2b/model.safetensors"), dir / "alone.safetensors");
  EXPECT_ERROR(dir / "alone.safetensors", "without a config.json beside it");
  std::filesystem::copy(golden("gemma3/model-q8_0.gguf"), dir / "x.gguf");
  EXPECT_ERROR(dir.path(), "it holds .gguf files, name one of them");
}

TEST(OpenModel, BrokenFoldersAreNamed) {
  const TempDir dir;
  write_text(dir / "config.json", "{\"a\": }");
  EXPECT_ERROR(dir.path(), "config.json");
  write_text(dir / "config.json", "[]");
  EXPECT_ERROR(dir.path(), "config.json: is not a JSON object");
  write_text(dir / "config.json", "");
  EXPECT_ERROR(dir.path(), "config.json");
  write_text(dir / "config.json", "{}");
  EXPECT_ERROR(dir.path(), "holds 0 *.safetensors files");
  std::filesystem::copy(golden("e2b/model.safetensors"), dir / "model.safetensors");
  write_text(dir / "generation_config.json", "nonsense");
  EXPECT_ERROR(dir.path(), "generation_config.json");
}

TEST(OpenModel, AnUnreadableFileIsNamed) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads everything";
  const TempDir dir;
  write_text(dir / "secret.gguf", "GGUF");
  std::filesystem::permissions(dir / "secret.gguf", std::filesystem::perms::none);
  EXPECT_ERROR(dir / "secret.gguf", "secret.gguf: cannot open: Permission denied");
}

}  // namespace
}  // namespace carat::formats
