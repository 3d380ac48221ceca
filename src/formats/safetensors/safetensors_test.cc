#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "formats/files_testing.h"
#include "formats/safetensors/safetensors_source.h"
#include "formats/safetensors/safetensors_writer.h"
#include "formats/tensor_values.h"

namespace carat::formats {
namespace {

constexpr const char* kFolders[] = {"e2b", "e4b",    "12b-unified",   "26b-a4b",
                                    "31b", "gemma3", "e2b-assistant", "31b-assistant"};

void expect_same(std::span<const Tensor> a, std::span<const Tensor> b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].dtype, b[i].dtype) << a[i].name;
    EXPECT_EQ(a[i].shape, b[i].shape) << a[i].name;
    EXPECT_TRUE(std::ranges::equal(a[i].data, b[i].data)) << a[i].name;
  }
}

TEST(Safetensors, GoldensOpenAndSurviveTwoWrites) {
  for (const std::string folder : kFolders) {
    for (const char* name : {"/model.safetensors", "/expected.safetensors"}) {
      SCOPED_TRACE(folder + name);
      const auto file = SafetensorsSource::open(golden(folder + name));
      ASSERT_TRUE(file) << file.error().to_string();
      const TempDir dir;
      ASSERT_TRUE(write_safetensors(dir / "once.safetensors", file->tensors(), file->metadata()));
      const auto once = SafetensorsSource::open(dir / "once.safetensors");
      ASSERT_TRUE(once) << once.error().to_string();
      expect_same(file->tensors(), once->tensors());
      EXPECT_EQ(file->metadata(), once->metadata());
      ASSERT_TRUE(write_safetensors(dir / "twice.safetensors", once->tensors(), once->metadata()));
      EXPECT_EQ(read_text(dir / "once.safetensors"), read_text(dir / "twice.safetensors"));
    }
  }
}

TEST(Safetensors, ReadsValuesOfTheGoldens) {
  const auto expected = SafetensorsSource::open(golden("e2b/expected.safetensors"));
  ASSERT_TRUE(expected);
  const Tensor* ids = expected->find("p5.ids");
  ASSERT_NE(ids, nullptr);
  EXPECT_EQ(ids->dtype, DType::kI32);
  EXPECT_EQ(to_ints(*ids).value().size(), 5u);
  EXPECT_EQ(to_ints(*ids).value()[0], 2);  // <bos>
  EXPECT_FALSE(to_floats(*ids));
  EXPECT_FALSE(to_ints(*expected->find("p5.logits")));
  EXPECT_EQ(to_floats(*expected->find("p5.logits")).value().size(), 5u * 512);
}

TEST(Safetensors, WritesOwnedTensorsOfEveryKind) {
  const std::vector<float> floats = {1.5f, -2};
  const std::vector<std::int64_t> longs = {std::int64_t{1} << 40, -1};
  const std::vector<std::int32_t> ints = {7};
  std::vector<OwnedTensor> tensors;
  tensors.emplace_back("logits", std::vector<std::int64_t>{1, 2}, std::span<const float>(floats));
  tensors.emplace_back("ids", std::vector<std::int64_t>{2}, std::span<const std::int64_t>(longs));
  tensors.emplace_back("scalar", std::vector<std::int64_t>{}, std::span<const std::int32_t>(ints));
  tensors.emplace_back("\"ü\\", DType::kBF16, std::vector<std::int64_t>{1},
                       std::vector<std::byte>{std::byte{0x80}, std::byte{0x3F}});
  const std::map<std::string, std::string> metadata = {{"made by", "\"test\"\n"}};
  const TempDir dir;
  ASSERT_TRUE(write_safetensors(dir / "a.safetensors", views_of(tensors), metadata));
  const auto file = SafetensorsSource::open(dir / "a.safetensors");
  ASSERT_TRUE(file) << file.error().to_string();
  expect_same(views_of(tensors), file->tensors());
  EXPECT_EQ(file->metadata(), metadata);
  EXPECT_EQ(to_floats(*file->find("logits")).value(), floats);
  EXPECT_EQ(to_ints(*file->find("ids")).value(), longs);
  EXPECT_EQ(to_floats(*file->find("\"ü\\")).value(), std::vector<float>{1});
}

TEST(Safetensors, WriterRefusesWhatTheFormatCannotHold) {
  const TempDir dir;
  const std::vector<std::byte> bytes(18);
  const auto error_of = [&](const Tensor& tensor) {
    const auto result = write_safetensors(dir / "x.safetensors", {&tensor, 1});
    return result ? std::string("none") : result.error().to_string();
  };
  EXPECT_NE(error_of({"q", DType::kQ4_0, {32}, bytes}).find("q is Q4_0"), std::string::npos);
  EXPECT_NE(error_of({"short", DType::kF32, {9}, bytes}).find("short has 18 bytes"), std::string::npos);
  EXPECT_NE(error_of({"bad\xFF", DType::kU8, {18}, bytes}).find("bad\\xFF"), std::string::npos);
  EXPECT_NE(error_of({"__metadata__", DType::kU8, {18}, bytes}).find("__metadata__"), std::string::npos);
}

std::string with_header(std::string_view header, std::size_t data) {
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  file += header;
  file.append(data, '\0');
  return file;
}

struct BadHeader {
  const char* what;
  std::string header;
  std::size_t data;
  const char* message;
};

TEST(SafetensorsBadInput, EachHeaderIsRefusedByName) {
  const std::string deep = std::string(2000, '[') + std::string(2000, ']');
  std::string long_list;
  for (int i = 0; i < 3 << 20; ++i) long_list += "1,";
  const BadHeader headers[] = {
      {"no JSON", "{\"a\": ", 8, "the header is not valid JSON"},
      {"empty", "", 8, "the header is not valid JSON"},
      {"deep list", deep, 8, "the header is not a JSON object"},
      {"deep shape", R"({"a": {"dtype": "F32", "shape": )" + deep + R"(, "data_offsets": [0, 4]}})", 8,
       "tensor a has a shape"},
      {"deep unknown field", R"({"a": {"b": )" + deep + "}}", 8, "tensor a has a field nested deeper than 64"},
      {"a NUL byte behind", std::string("{}\0", 3), 0, "a NUL byte"},
      {"a long string", "{\"" + std::string(5 << 20, 'n') + "\": {}}", 8, "4194304 bytes between two quotation marks"},
      {"a long list", R"({"a": {"dtype": "F32", "data_offsets": [0, 4], "shape": [)" + long_list + "1]}}", 8,
       "4194304 bytes between two quotation marks"},
      {"a field twice", R"({"a": {"dtype": "U8", "dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})", 4,
       "tensor a has its dtype twice"},
      {"a field twice, once of another type",
       R"({"a": {"dtype": "U8", "shape": "4", "shape": [4], "data_offsets": [0, 4]}})", 4, "tensor a must have dtype"},
      {"a hole", R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [4, 8]}})", 8, "hold 4 bytes, the file 8"},
      {"bytes behind", R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})", 5,
       "hold 4 bytes, the file 5"},
      {"metadata twice", R"({"__metadata__": {}, "__metadata__": {}})", 0, "__metadata__ is there twice"},
      {"metadata of lists", R"({"__metadata__": {"x": []}})", 0, "__metadata__.x is not a string"},
      {"no UTF-8", "{\"a\xFF\": 1}", 8, "the header is not valid JSON"},
      {"no object", "[1, 2]", 8, "the header is not a JSON object"},
      {"tensor of no object", R"({"a": 3})", 8, "tensor a must have dtype, shape and data_offsets"},
      {"no dtype", R"({"a": {"shape": [1], "data_offsets": [0, 4]}})", 8, "tensor a must have dtype"},
      {"shape of text", R"({"a": {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}})", 8, "tensor a must have"},
      {"unknown dtype", R"({"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}})", 8,
       "tensor a is F8_E4M3"},
      {"GGUF's dtype", R"({"a": {"dtype": "Q4_0", "shape": [32], "data_offsets": [0, 18]}})", 18, "tensor a is Q4_0"},
      {"fraction", R"({"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}})", 8,
       "tensor a has a shape that is not made of integers"},
      {"beyond int64", R"({"a": {"dtype": "F32", "shape": [18446744073709551615], "data_offsets": [0, 4]}})", 8,
       "not made of integers"},
      {"negative", R"({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}})", 8,
       "tensor a has an extent of -1"},
      {"zero", R"({"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})", 8, "tensor a has an extent of 0"},
      {"wrapping product", R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 4]}})", 8,
       "tensor a is larger than 64 bits"},
      {"nine dimensions", R"({"a": {"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,1], "data_offsets": [0, 4]}})", 8,
       "tensor a has 9 dimensions"},
      {"one offset", R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}})", 8,
       "tensor a has data_offsets that are not"},
      {"negative offset", R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}})", 8,
       "tensor a has data_offsets that are not"},
      {"reversed", R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})", 8,
       "tensor a has data_offsets that are not"},
      {"size differs", R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}})", 8,
       "tensor a has 4 bytes of data; its dtype F32 and shape need 8"},
      {"beyond the file", R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}})", 8,
       "tensor a ends at data offset 12, but the file holds 8"},
      {"overlap",
       R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "b": {"dtype": "U8", "shape": [4], "data_offsets": [3, 7]}})",
       8, "tensors a and b overlap"},
      {"twice",
       R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "a": {"dtype": "U8", "shape": [4], "data_offsets": [4, 8]}})",
       8, "tensor a is there twice"},
      {"long name", "{\"" + std::string(257, 'n') + R"(": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}})", 8,
       "must have 1 to 256 bytes"},
      {"metadata of numbers", R"({"__metadata__": {"format": 1}})", 0, "__metadata__.format is not a string"},
      {"metadata of no object", R"({"__metadata__": "pt"})", 0, "__metadata__ is not an object"},
  };
  for (const BadHeader& bad : headers) {
    SCOPED_TRACE(bad.what);
    const std::string file = with_header(bad.header, bad.data);
    const auto contents = parse_safetensors(as_bytes_of(file), "bad.safetensors");
    ASSERT_FALSE(contents);
    const std::string text = contents.error().to_string();
    EXPECT_TRUE(text.starts_with("bad.safetensors: ")) << text;
    EXPECT_NE(text.find(bad.message), std::string::npos) << text;
  }
}

TEST(SafetensorsBadInput, AsManyTensorsAsAreAllowed) {
  const auto header_of = [](int n) {
    std::string header = "{";
    for (int i = 0; i < n; ++i) {
      header.append(i > 0 ? ",\"" : "\"").append(std::to_string(i));
      header.append(R"(":{"dtype":"U8","shape":[1],"data_offsets":[)");
      header.append(std::to_string(i)).append(",").append(std::to_string(i + 1)).append("]}");
    }
    return with_header(header + "}", static_cast<std::size_t>(n));
  };
  const std::string most = header_of(100'000), more = header_of(100'001);
  const auto contents = parse_safetensors(as_bytes_of(most), "most");
  ASSERT_TRUE(contents) << contents.error().to_string();
  EXPECT_EQ(contents->tensors.size(), 100'000u);
  EXPECT_EQ(parse_safetensors(as_bytes_of(more), "more").error().to_string(),
            "more: has more than 100000 tensors, the most allowed");
}

// What the format's own library ignores: fields it does not know.
TEST(Safetensors, FieldsThatAreNotKnownAreSkipped) {
  const std::string file = with_header(
      R"({"a": {"x": {"shape": [[5]], "y": "z"}, "dtype": "U8", "shape": [2], "z": null, "data_offsets": [0, 2]}}   )",
      2);
  const auto contents = parse_safetensors(as_bytes_of(file), "more");
  ASSERT_TRUE(contents) << contents.error().to_string();
  ASSERT_EQ(contents->tensors.size(), 1u);
  EXPECT_EQ(contents->tensors[0].shape, std::vector<std::int64_t>{2});
}

TEST(SafetensorsBadInput, LengthsAndCuts) {
  const auto error_of = [](const std::string& file) {
    const auto contents = parse_safetensors(as_bytes_of(file), "bad");
    return contents ? std::string("none") : contents.error().to_string();
  };
  EXPECT_NE(error_of("abc").find("has 3 bytes"), std::string::npos);
  EXPECT_NE(error_of(std::string(8, '\xFF') + "{}").find("claims a header of 18446744073709551615"), std::string::npos);
  EXPECT_NE(error_of(std::string("\x40\0\0\0\0\0\0\0{}", 10)).find("ends inside the header (2 bytes of 64)"),
            std::string::npos);
  const std::string whole = read_text(golden("e2b-assistant/model.safetensors"));
  for (std::size_t size = 0; size < whole.size(); size += size < 9000 ? 61 : 4999) {
    const std::string cut = whole.substr(0, size);
    EXPECT_NE(error_of(cut), "none") << size;
  }
}

// No byte of the header may bring the reader down, whatever it becomes.
TEST(SafetensorsBadInput, AnyByteOfTheHeaderMayBeWrong) {
  std::string file = read_text(golden("e2b-assistant/model.safetensors"));
  for (std::size_t at = 0; at < 1'500; ++at) {
    const char original = file[at];
    for (const char value : {'\0', '9', '"', '\xFF'}) {
      file[at] = value;
      const auto contents = parse_safetensors(as_bytes_of(file), "changed");
      if (!contents) {
        EXPECT_TRUE(contents.error().to_string().starts_with("changed: "));
      }
    }
    file[at] = original;
  }
}

// Splits a golden into two shards and an index.
void write_shards(const TempDir& dir) {
  const auto file = SafetensorsSource::open(golden("31b/model.safetensors"));
  ASSERT_TRUE(file);
  const std::size_t half = file->tensors().size() / 2;
  ASSERT_TRUE(write_safetensors(dir / "model-00001-of-00002.safetensors", file->tensors().first(half)));
  ASSERT_TRUE(write_safetensors(dir / "model-00002-of-00002.safetensors", file->tensors().subspan(half)));
  std::string index = R"({"metadata": {"total_size": 1}, "weight_map": {)";
  for (std::size_t i = 0; i < file->tensors().size(); ++i) {
    index += (i > 0 ? ", \"" : "\"") + file->tensors()[i].name + "\": \"model-0000" + (i < half ? "1" : "2") +
             "-of-00002.safetensors\"";
  }
  write_text(dir / "model.safetensors.index.json", index + "}}");
}

TEST(SafetensorsFolder, ShardsAreOneSource) {
  const TempDir dir;
  write_shards(dir);
  const auto whole = SafetensorsSource::open(golden("31b/model.safetensors"));
  const auto folder = SafetensorsSource::open_folder(dir.path());
  ASSERT_TRUE(folder) << folder.error().to_string();
  expect_same(whole->tensors(), folder->tensors());
  EXPECT_EQ(folder->paths().size(), 2u);
}

TEST(SafetensorsFolder, MissingAndBrokenShardsAreNamed) {
  const auto error_of = [](const TempDir& dir) {
    const auto folder = SafetensorsSource::open_folder(dir.path());
    return folder ? std::string("none") : folder.error().to_string();
  };
  const TempDir dir;
  EXPECT_NE(error_of(dir).find("holds 0 *.safetensors files"), std::string::npos);
  write_shards(dir);
  std::filesystem::remove(dir / "model-00002-of-00002.safetensors");
  EXPECT_NE(error_of(dir).find("model-00002-of-00002.safetensors: no such file"), std::string::npos);
  // A shard that lacks a tensor: the first one again, without its first tensor.
  write_shards(dir);
  const auto first = SafetensorsSource::open(dir / "model-00001-of-00002.safetensors");
  ASSERT_TRUE(first);
  ASSERT_TRUE(write_safetensors(dir / "model-00001-of-00002.safetensors", first->tensors().subspan(1)));
  EXPECT_NE(error_of(dir).find("model-00001-of-00002.safetensors: tensor " + first->tensors()[0].name + " is missing"),
            std::string::npos);
  write_text(dir / "model.safetensors.index.json", "{");
  EXPECT_NE(error_of(dir).find("model.safetensors.index.json"), std::string::npos);
  write_text(dir / "model.safetensors.index.json", "[]");
  EXPECT_NE(error_of(dir).find("has no weight_map"), std::string::npos);
  write_text(dir / "model.safetensors.index.json", R"({"weight_map": {"a": "../secret.safetensors"}})");
  EXPECT_NE(error_of(dir).find("the file of tensor a is not a plain file name"), std::string::npos);
}

TEST(SafetensorsFolder, AnIndexHoldsNoMoreThanAModelCan) {
  const TempDir dir;
  std::string index = R"({"weight_map": {)";
  for (int i = 0; i < 101'000; ++i) index.append("\"").append(std::to_string(i)).append(R"(": "a.safetensors",)");
  index.back() = '}';
  write_text(dir / "model.safetensors.index.json", index + "}");
  const auto names = SafetensorsSource::open_folder(dir.path());
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().code(), ErrorCode::kLimit) << names.error().to_string();
  write_text(dir / "model.safetensors.index.json", "{\"a\": \"" + std::string(17 << 20, 'x') + "\"}");
  const auto bytes = SafetensorsSource::open_folder(dir.path());
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code(), ErrorCode::kLimit) << bytes.error().to_string();
}

}  // namespace
}  // namespace carat::formats
