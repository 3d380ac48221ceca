#include "runtime/kv_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <vector>

namespace carat::runtime {
namespace {

using model::KvLayerLayout;
using model::KvType;

// Layers 0 and 3 slide with different windows, 1 sees everything, 2 reads a donor's.
std::vector<KvLayerLayout> layouts() {
  return {{.layer = 0, .n_kv_heads = 2, .head_dim = 2, .window = 16, .type = KvType::kF16},
          {.layer = 1, .n_kv_heads = 1, .head_dim = 8, .window = 0, .type = KvType::kF16},
          {.layer = 3, .n_kv_heads = 1, .head_dim = 4, .window = 200, .type = KvType::kF16}};
}

KvCache make_cache(std::int64_t max_bytes = 0) {
  return KvCache::create({.layouts = layouts(), .n_layers = 4, .max_bytes = max_bytes}).value();
}

/// What the naive cache knows of a sequence: every position's stamp, and which keys had to be let go.
struct NaiveSequence {
  std::vector<std::uint32_t> stamps;
  std::map<std::int64_t, std::int64_t> first_key;  ///< by layer

  void after_step() {
    for (const KvLayerLayout& l : layouts()) {
      const auto behind = static_cast<std::int64_t>(stamps.size()) - 64 - l.window + 1;
      if (l.window > 0 && behind > 0) first_key[l.layer] = std::max(first_key[l.layer], behind / 64 * 64);
    }
  }
  std::int64_t truncate(std::int64_t position) {
    for (const KvLayerLayout& l : layouts()) {
      if (first_key[l.layer] > 0 && position - l.window + 1 < first_key[l.layer]) position = 0;
    }
    stamps.resize(static_cast<std::size_t>(position));
    if (position == 0) first_key.clear();
    return position;
  }
};

/// Both caches side by side, with the same operations.
class Twin {
 public:
  explicit Twin(std::int64_t max_bytes = 0) : kv(make_cache(max_bytes)) {}

  SequenceId create() {
    const SequenceId id = kv.create_sequence();
    naive[id] = {};
    return id;
  }
  SequenceId fork(SequenceId id) {
    const SequenceId twin = kv.fork(id);
    naive[twin] = naive[id];
    return twin;
  }
  void remove(SequenceId id) {
    kv.remove_sequence(id);
    naive.erase(id);
  }
  void step(SequenceId id, std::int64_t n) {
    ASSERT_TRUE(kv.prepare(id, n));
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint32_t stamp = next_stamp_++;
      const auto position = static_cast<std::int64_t>(naive[id].stamps.size());
      for (const KvLayerLayout& l : layouts()) std::memcpy(slot(id, l, position), &stamp, 4);
      naive[id].stamps.push_back(stamp);
    }
    kv.after_step(id, n);
    naive[id].after_step();
  }
  std::int64_t truncate(SequenceId id, std::int64_t position) {
    const std::int64_t expected = naive[id].truncate(position);
    EXPECT_EQ(kv.truncate(id, position), expected);
    return expected;
  }

  /// Every key that may still be seen is there with its stamp, what was let go is gone, and bytes are counted right.
  void verify() {
    std::int64_t bytes = 0;
    std::set<const std::byte*> distinct;
    for (auto& [id, sequence] : naive) {
      const auto length = static_cast<std::int64_t>(sequence.stamps.size());
      ASSERT_EQ(kv.length(id), length);
      ASSERT_TRUE(kv.pages(id).pages[2].empty());
      for (const KvLayerLayout& l : layouts()) {
        const auto& pages = kv.pages(id).pages[static_cast<std::size_t>(l.layer)];
        ASSERT_EQ(static_cast<std::int64_t>(pages.size()), (length + 63) / 64);
        for (std::int64_t k = 0; k < length; ++k) {
          const bool kept = k >= sequence.first_key[l.layer];
          ASSERT_EQ(pages[static_cast<std::size_t>(k / 64)] != nullptr, kept) << "layer " << l.layer << " key " << k;
          if (!kept) continue;
          std::uint32_t stamp = 0;
          std::memcpy(&stamp, slot(id, l, k), 4);
          ASSERT_EQ(stamp, sequence.stamps[static_cast<std::size_t>(k)]) << "layer " << l.layer << " key " << k;
        }
        for (const std::byte* page : pages) {
          if (page != nullptr && distinct.insert(page).second) bytes += l.page_bytes();
        }
      }
    }
    ASSERT_EQ(kv.bytes_in_use(), bytes);
    ASSERT_GE(kv.peak_bytes(), bytes);
  }

  KvCache kv;
  std::map<SequenceId, NaiveSequence> naive;

 private:
  std::byte* slot(SequenceId id, const KvLayerLayout& l, std::int64_t position) {
    return kv.pages(id).pages[static_cast<std::size_t>(l.layer)][static_cast<std::size_t>(position / 64)] +
           position % 64 * 4;
  }
  std::uint32_t next_stamp_ = 1;
};

// Model-based: any mix of operations leaves the paged cache equal to one that copies everything.
RC_GTEST_PROP(KvCache, EqualsACacheThatCopies, (const std::vector<std::uint32_t>& operations)) {
  Twin twin;
  twin.create();
  for (const std::uint32_t op : operations) {
    const std::uint32_t argument = op >> 8;
    if (twin.naive.empty()) twin.create();
    auto it = twin.naive.begin();
    std::advance(it, static_cast<std::ptrdiff_t>((op >> 4) % 16 % twin.naive.size()));
    const SequenceId id = it->first;
    const auto length = static_cast<std::int64_t>(it->second.stamps.size());
    constexpr std::int64_t kBack[] = {0, 1, 63, 64, 65, 1000};
    switch (op % 16) {
      case 0:
        twin.create();
        break;
      case 1:
        if (twin.naive.size() < 6) twin.fork(id);
        break;
      case 2:
        twin.remove(id);
        break;
      case 3:
      case 4:
        twin.truncate(id, std::max<std::int64_t>(0, length - kBack[argument % 6]));
        break;
      case 5:
        twin.truncate(id, argument % (length + 1));
        break;
      case 6:  // a step that failed after its pages were prepared
        RC_ASSERT(twin.kv.prepare(id, argument % 200).has_value());
        twin.truncate(id, length);
        break;
      case 7:
        twin.step(id, argument % 700);
        break;
      default:
        twin.step(id, 1 + argument % 90);
        break;
    }
    twin.verify();
    RC_ASSERT(!::testing::Test::HasFatalFailure());
  }
  while (!twin.naive.empty()) twin.remove(twin.naive.begin()->first);
  RC_ASSERT(twin.kv.bytes_in_use() == 0);
}

TEST(KvCache, TruncatesByAnythingWithinKeepAndSaysWhenItMustStartAgain) {
  for (const std::int64_t back : {1, 63, 64}) {  // never more than kKeep is asked of a window
    Twin twin;
    const SequenceId id = twin.create();
    twin.step(id, 1500);
    EXPECT_EQ(twin.truncate(id, 1500 - back), 1500 - back);
    twin.step(id, back + 5);
    twin.verify();
  }
  for (const std::int64_t back : {65, 1000}) {
    Twin twin;
    const SequenceId id = twin.create();
    twin.step(id, 1500);
    const std::int64_t position = twin.truncate(id, 1500 - back);
    EXPECT_TRUE(position == 1500 - back || position == 0);
    twin.step(id, 1500 - position);
    twin.verify();
  }
  Twin twin;  // a thousand positions back the windows' pages are gone
  const SequenceId id = twin.create();
  twin.step(id, 1500);
  EXPECT_EQ(twin.truncate(id, 500), 0);
  EXPECT_EQ(twin.kv.bytes_in_use(), 0);
}

TEST(KvCache, ForksShareUntilOneWrites) {
  Twin twin;
  const SequenceId a = twin.create();
  twin.step(a, 100);
  const std::int64_t alone = twin.kv.bytes_in_use();
  const SequenceId b = twin.fork(a);
  EXPECT_EQ(twin.kv.bytes_in_use(), alone);
  twin.step(b, 1);  // copies the partly filled page of each layer, shares the full one
  EXPECT_EQ(twin.kv.bytes_in_use(), alone + 1024 + 2048 + 1024);
  twin.step(a, 1);  // owns its page alone again: nothing to copy
  EXPECT_EQ(twin.kv.bytes_in_use(), alone + 1024 + 2048 + 1024);
  twin.verify();
  twin.remove(a);
  twin.verify();
}

TEST(KvCache, RefusesToGrowBeyondTheLimitAndStaysUsable) {
  Twin twin(3 * 4096);  // three pages of each layer; layer 0 will have let go of one
  const SequenceId id = twin.create();
  twin.step(id, 190);
  const auto refused = twin.kv.prepare(id, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimit);
  EXPECT_NE(refused.error().message().find("4096 bytes more"), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find("11264 of 12288"), std::string::npos) << refused.error().message();
  twin.step(id, 2);
  twin.verify();
}

TEST(KvCache, PagesComeBackZeroed) {
  Twin twin;
  twin.step(twin.create(), 64);
  twin.remove(0);
  const SequenceId id = twin.create();
  ASSERT_TRUE(twin.kv.prepare(id, 1));
  const std::byte* page = twin.kv.pages(id).pages[1][0];
  EXPECT_TRUE(std::all_of(page, page + 2048, [](std::byte b) { return b == std::byte{0}; }));
}

TEST(KvCache, PlanCoversEveryChunkingAndIsTight) {
  constexpr std::int64_t kContext = 1500;
  for (const std::int64_t chunk : {1, 7, 64, 100, 512, 1500}) {
    const std::int64_t planned = KvCache::planned_bytes(layouts(), kContext, 1, chunk).value();
    KvCache kv = make_cache(planned);
    const SequenceId id = kv.create_sequence();
    for (std::int64_t n = 0; n < kContext;) {
      const std::int64_t rows = std::min(chunk, kContext - n);
      ASSERT_TRUE(kv.prepare(id, rows)) << "chunk " << chunk << " at " << n;
      kv.after_step(id, rows);
      n += rows;
    }
    EXPECT_LE(kv.peak_bytes(), planned);
    EXPECT_GE(kv.peak_bytes() + 2 * 1024, planned) << chunk;  // at most a page per sliding layer in reserve
  }
}

TEST(KvCache, RefusesImpossibleShapesAndPlans) {
  auto bad = layouts();
  bad[1].head_dim = 0;
  EXPECT_EQ(KvCache::create({.layouts = bad, .n_layers = 4}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(KvCache::create({.layouts = layouts(), .n_layers = 2}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(KvCache::planned_bytes(layouts(), std::int64_t{1} << 60, 9, 1).error().code(), ErrorCode::kLimit);
}

}  // namespace
}  // namespace carat::runtime
