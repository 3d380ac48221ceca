#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "model/decoder.h"
#include "runtime/kv_cache.h"

namespace carat::runtime {
namespace {

model::Checkpoint open(const std::string& name) {
  auto checkpoint = model::Checkpoint::open(std::filesystem::path(CARAT_SOURCE_DIR) / "tests/golden/text" / name);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().to_string();
  return std::move(checkpoint).value();
}

TEST(MemoryPlan, WeightsAreExactlyWhatLoadingPacks) {
  ThreadPool pool(2);
  for (const std::string name : {"e2b", "26b-a4b", "31b/model-q4_k_m.gguf", "gemma3"}) {
    const auto plan = plan_memory(open(name), {.context = 1000, .chunk = 64});
    ASSERT_TRUE(plan);
    const auto decoder = model::Decoder::load(open(name), pool);
    ASSERT_TRUE(decoder);
    EXPECT_EQ(plan->weights, (*decoder)->weights().packed_bytes()) << name;
  }
}

TEST(MemoryPlan, GrowsWithContextTypeAndSequences) {
  const auto checkpoint = open("e2b");
  const auto kv = [&](std::int64_t context, std::int64_t n, model::KvType type) {
    return plan_memory(checkpoint, {.context = context, .n_sequences = n, .chunk = 64, .kv_type = type})->kv;
  };
  EXPECT_EQ(kv(6400, 2, model::KvType::kF32), 2 * kv(6400, 1, model::KvType::kF32));
  EXPECT_EQ(kv(6400, 1, model::KvType::kF32), 2 * kv(6400, 1, model::KvType::kF16));
  // Full layers grow with the context; sliding ones stop at their window.
  EXPECT_GT(kv(12800, 1, model::KvType::kF32), kv(6400, 1, model::KvType::kF32));
  EXPECT_LT(kv(12800, 1, model::KvType::kF32), 2 * kv(6400, 1, model::KvType::kF32));
}

TEST(MemoryPlan, RefusalsNameBothNumbers) {
  MemoryPlan plan;
  plan.weights = std::int64_t{8} << 30;
  EXPECT_TRUE(check_plan(plan, 0, 0));
  EXPECT_TRUE(check_plan(plan, std::int64_t{8} << 30, std::int64_t{9} << 30));
  const auto above_flag = check_plan(plan, 300 << 20, std::int64_t{16} << 30);
  ASSERT_FALSE(above_flag);
  EXPECT_EQ(above_flag.error().message(),
            "the plan needs 8.00 GiB and --max-memory allows 300.00 MiB; use a shorter --context, a smaller model, or "
            "--force");
  const auto above_machine = check_plan(plan, 0, 6'000'000'000);
  ASSERT_FALSE(above_machine);
  EXPECT_EQ(above_machine.error().code(), ErrorCode::kOutOfMemory);
  EXPECT_GT(machine_memory_bytes(), std::int64_t{1} << 28);
}

}  // namespace
}  // namespace carat::runtime
