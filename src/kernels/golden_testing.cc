#include "kernels/golden_testing.h"

#include <bit>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "tensor/half.h"

namespace carat::kernels::testing {
namespace {

const std::string kFolder = CARAT_SOURCE_DIR "/tests/golden/text/";

nlohmann::json ops_json() {
  std::ifstream file(kFolder + "ops.json");
  return nlohmann::json::parse(file);
}

// u64 length of the header | header: JSON {name: {dtype, shape, data_offsets}} | data
std::map<std::string, GoldenTensor> read_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CARAT_CHECK(file.good());
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  const char* data = bytes.data() + 8 + header_bytes;
  std::map<std::string, GoldenTensor> tensors;
  const nlohmann::json header = nlohmann::json::parse(bytes.substr(8, header_bytes));
  for (const auto& [name, info] : header.items()) {
    if (name == "__metadata__") continue;
    GoldenTensor tensor{info.at("shape").get<std::vector<std::int64_t>>(), {}};
    const std::string dtype = info.at("dtype");
    const std::size_t begin = info.at("data_offsets").at(0), end = info.at("data_offsets").at(1);
    const std::size_t size = dtype == "BF16" ? 2 : 4;
    CARAT_CHECK(dtype == "F32" || dtype == "BF16" || dtype == "I32");
    for (std::size_t at = begin; at < end; at += size) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, data + at, size);
      if (dtype == "F32") tensor.values.push_back(std::bit_cast<float>(bits));
      if (dtype == "BF16") tensor.values.push_back(bf16_to_f32(static_cast<std::uint16_t>(bits)));
      if (dtype == "I32") tensor.values.push_back(static_cast<float>(static_cast<std::int32_t>(bits)));
    }
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

}  // namespace

const std::map<std::string, GoldenTensor>& golden_ops() {
  static const auto kTensors = read_safetensors(kFolder + "ops.safetensors");
  return kTensors;
}

const GoldenTensor& golden(const std::string& name) {
  const auto it = golden_ops().find(name);
  CARAT_CHECK(it != golden_ops().end());
  return it->second;
}

std::vector<GoldenAttention> golden_attention_cases() {
  std::vector<GoldenAttention> cases;
  const nlohmann::json json = ops_json();
  for (const auto& [name, c] : json.at("attention").items()) {
    cases.push_back({name, c.value("kv_of", name), c.at("tokens"), c.at("q_offset"), c.at("keys"), c.at("q_heads"),
                     c.at("kv_heads"), c.at("head_dim"), c.at("window"), c.at("scale")});
  }
  return cases;
}

std::vector<GoldenRope> golden_rope_cases() {
  std::vector<GoldenRope> cases;
  const nlohmann::json json = ops_json();
  for (const auto& [name, c] : json.at("rope").items()) {
    const auto& rope = c.at("rope");
    GoldenRope r{name, c.at("head_dim"), 0, rope.at("rope_theta"), rope.value("factor", 1.0), false};
    const double rotated = rope.value("partial_rotary_factor", 1.0);
    r.n_pairs = static_cast<std::int64_t>(rotated * static_cast<double>(r.head_dim) / 2);
    r.has_rows = golden_ops().count("rope." + name + ".x") > 0;
    cases.push_back(r);
  }
  return cases;
}

std::map<std::int64_t, float> golden_embedding_scales() {
  std::map<std::int64_t, float> scales;
  const nlohmann::json json = ops_json();
  for (const auto& [width, c] : json.at("embed").items()) scales[std::stoll(width)] = c.at("bf16");
  return scales;
}

}  // namespace carat::kernels::testing
