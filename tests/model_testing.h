#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "formats/safetensors/safetensors_source.h"
#include "formats/tensor_values.h"
#include "model/decoder.h"
#include "runtime/exec_context.h"
#include "runtime/probe.h"

namespace carat::testing {

using Ids = std::vector<tokenizer::TokenId>;

inline std::filesystem::path golden_dir() { return std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden"; }

/// Fails the test and returns a default value when the Result holds an error.
#define CARAT_ASSERT_OK(result) ASSERT_TRUE((result).has_value()) << (result).error().to_string()

/// $CARAT_TEST_MODEL, else where ./check keeps the small real model.
inline std::filesystem::path real_model_path() {
  if (const char* path = std::getenv("CARAT_TEST_MODEL"); path != nullptr && *path != '\0') return path;
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path base = data != nullptr && *data != '\0'
                                         ? std::filesystem::path(data)
                                         : std::filesystem::path(home == nullptr ? "" : home) / ".local/share";
  return base / "carat/models/gemma-3-270m-q4_k_m.gguf";
}

inline nlohmann::json read_json(const std::filesystem::path& path) {
  auto text = read_file(path, std::uint64_t{64} << 20);
  EXPECT_TRUE(text.has_value()) << text.error().to_string();
  return nlohmann::json::parse(*text);
}

inline Ids ids_of(const nlohmann::json& j) { return j.get<Ids>(); }

/// A golden file of tensors, read by name.
class GoldenTensors {
 public:
  explicit GoldenTensors(const std::filesystem::path& path) {
    auto source = formats::SafetensorsSource::open(path);
    EXPECT_TRUE(source.has_value()) << source.error().to_string();
    if (source) source_ = std::make_unique<formats::SafetensorsSource>(std::move(source).value());
  }
  bool has(const std::string& name) const { return source_->find(name) != nullptr; }
  std::vector<float> floats(const std::string& name) const {
    const formats::Tensor* t = source_->find(name);
    EXPECT_NE(t, nullptr) << name;
    return t == nullptr ? std::vector<float>{} : formats::to_floats(*t).value();
  }
  std::vector<std::int64_t> ints(const std::string& name) const {
    const formats::Tensor* t = source_->find(name);
    EXPECT_NE(t, nullptr) << name;
    return t == nullptr ? std::vector<std::int64_t>{} : formats::to_ints(*t).value();
  }

 private:
  std::unique_ptr<formats::TensorSource> source_;
};

inline std::unique_ptr<model::Decoder> load_model(const std::filesystem::path& path, ThreadPool& pool) {
  auto checkpoint = model::Checkpoint::open(path);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().to_string();
  if (!checkpoint) return nullptr;
  auto decoder = model::Decoder::load(std::move(checkpoint).value(), pool);
  EXPECT_TRUE(decoder.has_value()) << decoder.error().to_string();
  return decoder ? std::move(decoder).value() : nullptr;
}

inline std::unique_ptr<runtime::ExecContext> make_exec(int n_threads = 2, std::string_view isa = "",
                                                       kernels::Compute compute = kernels::Compute::kExact) {
  auto context = runtime::ExecContext::create({.n_threads = n_threads, .compute = compute, .isa = isa});
  EXPECT_TRUE(context.has_value()) << context.error().to_string();
  return std::move(context).value();
}

/// The lowest id among the largest.
inline std::size_t argmax(std::span<const float> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

/// -log softmax(row)[id], in double.
inline double nll_of(std::span<const float> row, tokenizer::TokenId id) {
  const double top = static_cast<double>(row[argmax(row)]);
  double total = 0;
  for (const float l : row) total += std::exp(static_cast<double>(l) - top);
  return std::log(total) + top - static_cast<double>(row[static_cast<std::size_t>(id)]);
}

/// Largest absolute difference, and the root mean square of the differences relative to that of `expected`.
struct Difference {
  double max_abs = 0;
  double relative_rms = 0;
};

inline Difference difference(std::span<const float> actual, std::span<const float> expected) {
  EXPECT_EQ(actual.size(), expected.size());
  Difference d;
  double errors = 0, squares = 0;
  for (std::size_t i = 0; i < expected.size() && i < actual.size(); ++i) {
    const double e = static_cast<double>(actual[i]) - static_cast<double>(expected[i]);
    if (!(std::abs(e) <= d.max_abs)) d.max_abs = std::abs(e);  // NaN sticks
    errors += e * e;
    squares += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
  }
  d.relative_rms = squares > 0 ? std::sqrt(errors / squares) : std::sqrt(errors);
  return d;
}

/// The bounds of tests/golden/text/README.md for hidden states and logits: five times the noise floor of f32.
inline void expect_close(std::span<const float> actual, std::span<const float> expected, const std::string& what) {
  const Difference d = difference(actual, expected);
  EXPECT_LE(d.max_abs, 1e-3) << what;
  EXPECT_LE(d.relative_rms, 2e-5) << what;
}

}  // namespace carat::testing
