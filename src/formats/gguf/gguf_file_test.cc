#include "formats/gguf/gguf_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "formats/files_testing.h"
#include "formats/gguf/gguf_writer.h"
#include "formats/tensor_values.h"

namespace carat::formats {
namespace {

constexpr const char* kGoldens[] = {"e2b/model-q4_0.gguf", "12b-unified/model-q4_0.gguf", "26b-a4b/model-q8_0.gguf",
                                    "31b/model-q4_k_m.gguf", "gemma3/model-q8_0.gguf"};

bool same_value(const GgufValue& a, const GgufValue& b) {
  return a.type == b.type && a.count == b.count && (a.type != GgufType::kArray || a.element_type == b.element_type) &&
         std::ranges::equal(a.bytes, b.bytes);
}

void expect_same(const GgufFile& a, const GgufFile& b) {
  ASSERT_EQ(a.metadata().entries().size(), b.metadata().entries().size());
  for (std::size_t i = 0; i < a.metadata().entries().size(); ++i) {
    EXPECT_EQ(a.metadata().entries()[i].key, b.metadata().entries()[i].key);
    EXPECT_TRUE(same_value(a.metadata().entries()[i].value, b.metadata().entries()[i].value))
        << a.metadata().entries()[i].key;
  }
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (std::size_t i = 0; i < a.tensors().size(); ++i) {
    const Tensor& x = a.tensors()[i];
    const Tensor& y = b.tensors()[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.dtype, y.dtype) << x.name;
    EXPECT_EQ(x.shape, y.shape) << x.name;
    EXPECT_TRUE(std::ranges::equal(x.data, y.data)) << x.name;
  }
}

TEST(GgufFile, GoldensOpenAndSurviveTwoWrites) {
  for (const char* name : kGoldens) {
    SCOPED_TRACE(name);
    const auto file = GgufFile::open(golden(name));
    ASSERT_TRUE(file) << file.error().to_string();
    const TempDir dir;
    ASSERT_TRUE(write_gguf(dir / "once.gguf", file->metadata(), file->tensors()));
    const auto once = GgufFile::open(dir / "once.gguf");
    ASSERT_TRUE(once) << once.error().to_string();
    expect_same(*file, *once);
    ASSERT_TRUE(write_gguf(dir / "twice.gguf", once->metadata(), once->tensors()));
    EXPECT_EQ(read_text(dir / "once.gguf"), read_text(dir / "twice.gguf"));
  }
}

TEST(GgufFile, ReversesDimensionsAndFindsByName) {
  const auto file = GgufFile::open(golden("26b-a4b/model-q8_0.gguf"));
  ASSERT_TRUE(file);
  const Tensor* experts = file->find("blk.0.ffn_down_exps.weight");
  ASSERT_NE(experts, nullptr);
  EXPECT_EQ(experts->shape, (std::vector<std::int64_t>{6, 64, 32}));
  EXPECT_EQ(experts->dtype, DType::kQ8_0);
  EXPECT_EQ(experts->data.size(), 6u * 64 * 34);
  EXPECT_EQ(file->find("blk.0.ffn_down_exps"), nullptr);
  EXPECT_EQ(file->find(""), nullptr);
}

// Every value type, every array type, values that are easy to lose.
TEST(GgufFile, KeepsEveryKindOfValue) {
  GgufMetadata meta;
  meta.set<std::uint8_t>("u8", 255);
  meta.set<std::int8_t>("i8", -128);
  meta.set<std::uint16_t>("u16", 65535);
  meta.set<std::int16_t>("i16", -32768);
  meta.set<std::uint32_t>("u32", 0xFFFFFFFFu);
  meta.set<std::int32_t>("i32", -1);
  meta.set<float>("f32", std::nanf("7"));
  meta.set<bool>("bool", true);
  meta.set_string("string", std::string_view("a\0b\xEF\xBB\xBF", 6));
  meta.set<std::uint64_t>("u64", ~std::uint64_t{0});
  meta.set<std::int64_t>("i64", std::int64_t{-1} << 63);
  meta.set<double>("f64", -0.0);
  const std::string strings[] = {"", "\xFF\xFE", "left right", std::string(1, '\0')};
  meta.set_strings("strings", strings);
  const std::int32_t ints[] = {1, -2, 3};
  meta.set_array<std::int32_t>("ints", ints);
  const bool bools[] = {true, false};
  meta.set_array<bool>("bools", bools);
  meta.set_array<float>("no floats", {});

  const std::vector<float> values = {1, 2, 3};
  const OwnedTensor tensor("t", {3}, std::span<const float>(values));
  const TempDir dir;
  ASSERT_TRUE(write_gguf(dir / "a.gguf", meta, {&tensor.tensor(), 1}));
  const auto file = GgufFile::open(dir / "a.gguf");
  ASSERT_TRUE(file) << file.error().to_string();
  ASSERT_EQ(file->metadata().entries().size(), meta.entries().size());
  for (const GgufEntry& entry : meta.entries()) {
    const GgufValue* value = file->metadata().find(entry.key);
    ASSERT_NE(value, nullptr) << entry.key;
    EXPECT_TRUE(same_value(entry.value, *value)) << entry.key;
  }
  EXPECT_EQ(file->metadata().get_strings("strings", 0, 10).value(),
            (std::vector<std::string_view>{"", "\xFF\xFE", "left right", std::string_view("\0", 1)}));
  EXPECT_EQ(to_floats(*file->find("t")).value(), values);
}

TEST(GgufFile, HonoursAlignment) {
  for (const std::uint32_t alignment : {8u, 64u, 65536u}) {
    GgufMetadata meta;
    meta.set<std::uint32_t>("general.alignment", alignment);
    const std::vector<float> values = {1};
    std::vector<OwnedTensor> tensors;
    tensors.emplace_back("a", std::vector<std::int64_t>{1}, std::span<const float>(values));
    tensors.emplace_back("b", std::vector<std::int64_t>{1}, std::span<const float>(values));
    const TempDir dir;
    ASSERT_TRUE(write_gguf(dir / "a.gguf", meta, views_of(tensors)));
    const auto file = GgufFile::open(dir / "a.gguf");
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(file->find("b")->data.data() - file->find("a")->data.data(), static_cast<std::ptrdiff_t>(alignment));
  }
}

TEST(GgufWriter, RefusesWhatTheFormatCannotHold) {
  const TempDir dir;
  const std::vector<float> one = {1};
  const std::vector<std::byte> bytes(4);
  const auto error_of = [&](const Tensor& tensor) {
    const auto result = write_gguf(dir / "x.gguf", GgufMetadata(), {&tensor, 1});
    EXPECT_FALSE(std::filesystem::exists(dir / "x.gguf"));
    return result ? std::string("none") : result.error().to_string();
  };
  EXPECT_NE(error_of({"flags", DType::kBool, {4}, bytes}).find("flags is BOOL"), std::string::npos);
  EXPECT_NE(error_of({"short", DType::kF32, {2}, bytes}).find("short has 4 bytes"), std::string::npos);
  EXPECT_NE(error_of({"scalar", DType::kF32, {}, bytes}).find("scalar has 0 dimensions"), std::string::npos);
  EXPECT_NE(error_of({"five", DType::kF32, {1, 1, 1, 1, 1}, bytes}).find("five has 5 dimensions"), std::string::npos);
  EXPECT_NE(error_of({"", DType::kF32, {1}, bytes}).find("tensor name"), std::string::npos);
  const Tensor twice[] = {{"same", DType::kF32, {1}, bytes}, {"same", DType::kF32, {1}, bytes}};
  const auto result = write_gguf(dir / "x.gguf", GgufMetadata(), twice);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().to_string().find("same is there twice"), std::string::npos);
}

// Writes a model of three tensors in two parts; part 1 carries the metadata.
void write_split(const TempDir& dir, std::uint16_t count, std::int32_t total) {
  const std::vector<float> values = {1, 2};
  const auto part = [&](std::uint16_t no, std::vector<const char*> names) {
    GgufMetadata meta;
    if (no == 0) meta.set_string("general.architecture", "gemma4");
    meta.set<std::uint16_t>("split.no", no);
    meta.set<std::uint16_t>("split.count", count);
    meta.set<std::int32_t>("split.tensors.count", total);
    std::vector<OwnedTensor> tensors;
    for (const char* name : names) {
      tensors.emplace_back(name, std::vector<std::int64_t>{2}, std::span<const float>(values));
    }
    const std::string name = "big-0000" + std::to_string(no + 1) + "-of-0000" + std::to_string(count) + ".gguf";
    ASSERT_TRUE(write_gguf(dir / name, meta, views_of(tensors)));
  };
  part(0, {"a"});
  part(1, {"b", "c"});
}

TEST(GgufFile, OpensASplitModelFromAnyPart) {
  const TempDir dir;
  write_split(dir, 2, 3);
  for (const char* name : {"big-00001-of-00002.gguf", "big-00002-of-00002.gguf"}) {
    const auto file = GgufFile::open(dir / name);
    ASSERT_TRUE(file) << file.error().to_string();
    ASSERT_EQ(file->tensors().size(), 3u);
    EXPECT_EQ(file->tensors()[0].name, "a");
    EXPECT_EQ(file->tensors()[2].name, "c");
    EXPECT_EQ(to_floats(*file->find("c")).value(), (std::vector<float>{1, 2}));
    EXPECT_EQ(file->metadata().get_string("general.architecture").value(), "gemma4");
    EXPECT_FALSE(file->metadata().has("split.count"));
    EXPECT_EQ(file->paths().size(), 2u);
    ASSERT_TRUE(write_gguf(dir / "whole.gguf", file->metadata(), file->tensors()));
    const auto whole = GgufFile::open(dir / "whole.gguf");
    ASSERT_TRUE(whole) << whole.error().to_string();
    expect_same(*file, *whole);
  }
}

TEST(GgufFile, RefusesBrokenSplitModelsByName) {
  const auto error_of = [](const std::filesystem::path& path) {
    const auto file = GgufFile::open(path);
    return file ? std::string("none") : file.error().to_string();
  };
  const TempDir dir;
  write_split(dir, 2, 4);
  EXPECT_NE(error_of(dir / "big-00001-of-00002.gguf").find("hold 3 tensors, split.tensors.count says 4"),
            std::string::npos);
  write_split(dir, 2, 3);
  std::filesystem::copy(dir / "big-00002-of-00002.gguf", dir / "renamed.gguf");
  EXPECT_NE(error_of(dir / "renamed.gguf").find("must end in -00002-of-00002.gguf"), std::string::npos);
  write_split(dir, 3, 3);
  EXPECT_NE(error_of(dir / "big-00001-of-00003.gguf").find("big-00003-of-00003.gguf: no such file"), std::string::npos);
  // A part that is another's copy.
  write_split(dir, 2, 3);
  std::filesystem::copy(dir / "big-00001-of-00002.gguf", dir / "big-00002-of-00002.gguf",
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(error_of(dir / "big-00001-of-00002.gguf").find("do not say part 2 of 2"), std::string::npos);
}

}  // namespace
}  // namespace carat::formats
