#include "runtime/kv_cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/bad_alloc.h"
#include "base/checked.h"

namespace carat::runtime {
namespace {

using model::kKvPageKeys;
using model::KvLayerLayout;

std::int64_t pages_for(std::int64_t keys) { return (keys + kKvPageKeys - 1) / kKvPageKeys; }

/// Keeps page_bytes() far from overflow; every released shape is below 2^15 in both.
constexpr std::int64_t kMaxDimension = std::int64_t{1} << 20;

/// `copies` times the pages of every layer, in bytes. Errors: kLimit on overflow, with what they are for.
template <typename PagesOfLayer>
Result<std::int64_t> bytes_of_pages(std::span<const KvLayerLayout> layouts, std::int64_t copies,
                                    PagesOfLayer pages_of_layer, std::string_view what) {
  Checked<std::uint64_t> total(0);
  for (const KvLayerLayout& l : layouts) {
    total = total + Checked<std::uint64_t>(static_cast<std::uint64_t>(pages_of_layer(l))) *
                        static_cast<std::uint64_t>(copies) * static_cast<std::uint64_t>(l.page_bytes());
  }
  const auto bytes = total.value();
  if (!bytes || *bytes > static_cast<std::uint64_t>(INT64_MAX)) {
    return limit_exceeded(fmt::format("K/V for {} exceeds 2^63 bytes; ask for a smaller context", what));
  }
  return static_cast<std::int64_t>(*bytes);
}

}  // namespace

Result<KvCache> KvCache::create(Options options) {
  return no_bad_alloc([&]() -> Result<KvCache> {
    RETURN_IF_ERROR(check(options));
    return KvCache(std::move(options));
  });
}

Result<void> KvCache::check(const Options& options) {
  for (const KvLayerLayout& l : options.layouts) {
    const bool dims_ok =
        l.n_kv_heads > 0 && l.head_dim > 0 && l.n_kv_heads <= kMaxDimension && l.head_dim <= kMaxDimension;
    if (!dims_ok || l.window < 0 || l.layer < 0 || l.layer >= options.n_layers || l.type != options.layouts[0].type) {
      return invalid_argument(
          fmt::format("K/V of layer {}: {} heads of {} with window {} cannot be stored; check the model's config",
                      l.layer, l.n_kv_heads, l.head_dim, l.window));
    }
  }
  return {};
}

KvCache::KvCache(Options options) : options_(std::move(options)) {
  for (const KvLayerLayout& l : options_.layouts) {
    const auto same_size = [&](const PagePool& p) { return p.page_bytes() == l.page_bytes(); };
    auto it = std::find_if(pools_.begin(), pools_.end(), same_size);
    if (it == pools_.end()) it = pools_.insert(it, PagePool(l.page_bytes()));
    pool_idx_.push_back(static_cast<std::size_t>(it - pools_.begin()));
  }
}

Result<std::int64_t> KvCache::planned_bytes(std::span<const KvLayerLayout> layouts, std::int64_t context,
                                            std::int64_t n_sequences, std::int64_t chunk) {
  CARAT_CHECK(context >= 0 && n_sequences >= 0 && chunk >= 1);
  const auto pages_of_layer = [&](const KvLayerLayout& l) {
    if (l.window <= 0) return pages_for(context);
    // n keys that may start anywhere in a page touch at most 1 + ceil((n - 1) / 64) pages.
    const std::int64_t keys = std::min(l.window, context) - 1 + std::min(chunk, context) + kKeep;
    return std::min(pages_for(context), 1 + pages_for(std::max<std::int64_t>(0, keys - 1)));
  };
  return bytes_of_pages(layouts, n_sequences, pages_of_layer,
                        fmt::format("a context of {} in {} sequences", context, n_sequences));
}

Result<std::int64_t> KvCache::planned_fork_bytes(std::span<const KvLayerLayout> layouts, std::int64_t context,
                                                 std::int64_t chunk) {
  CARAT_CHECK(context >= 0 && chunk >= 1);
  const auto pages_of_layer = [&](const KvLayerLayout& l) {
    std::int64_t pages = 1;
    if (l.window > 0) {
      // The room of a prompt chunk is free by then.
      const std::int64_t keys = std::min(l.window, context) - 1 + kKeep - std::min(chunk, context);
      pages += 1 + pages_for(std::max<std::int64_t>(0, keys));
    }
    return std::min(pages, pages_for(context));
  };
  return bytes_of_pages(layouts, 1, pages_of_layer, fmt::format("a context of {}", context));
}

KvCache::Sequence& KvCache::sequence(SequenceId id) { return const_cast<Sequence&>(std::as_const(*this).sequence(id)); }

const KvCache::Sequence& KvCache::sequence(SequenceId id) const {
  CARAT_CHECK(id >= 0 && static_cast<std::size_t>(id) < sequences_.size());
  const auto& s = sequences_[static_cast<std::size_t>(id)];
  CARAT_CHECK(s != nullptr);
  return *s;
}

std::vector<std::byte*>& KvCache::pages_of(Sequence& s, std::size_t layout_idx) {
  return s.table.pages[static_cast<std::size_t>(options_.layouts[layout_idx].layer)];
}

SequenceId KvCache::create_sequence() {
  auto s = std::make_unique<Sequence>();
  s->table.pages.resize(static_cast<std::size_t>(options_.n_layers));
  s->first_page.resize(options_.layouts.size());
  free_ids_.reserve(sequences_.size() + 1);  // remove_sequence() must not fail
  if (free_ids_.empty()) {
    sequences_.push_back(std::move(s));
    return static_cast<SequenceId>(sequences_.size() - 1);
  }
  const SequenceId id = free_ids_.back();
  free_ids_.pop_back();
  sequences_[static_cast<std::size_t>(id)] = std::move(s);
  return id;
}

void KvCache::remove_sequence(SequenceId id) {
  truncate(id, 0);
  sequences_[static_cast<std::size_t>(id)].reset();
  free_ids_.push_back(id);
}

SequenceId KvCache::fork(SequenceId id) {
  const SequenceId twin_id = create_sequence();
  try {
    share_pages(sequence(id), sequence(twin_id));
  } catch (...) {
    remove_sequence(twin_id);
    throw;
  }
  return twin_id;
}

void KvCache::share_pages(Sequence& from, Sequence& twin) {
  twin.length = from.length;
  twin.first_page = from.first_page;
  for (std::size_t i = 0; i < options_.layouts.size(); ++i) {
    const auto& pages = pages_of(from, i);
    auto& shared = pages_of(twin, i);
    shared.resize(std::min(pages.size(), static_cast<std::size_t>(pages_for(from.length))), nullptr);
    for (std::size_t p = 0; p < shared.size(); ++p) {
      if (pages[p] == nullptr) continue;
      pool_of(i).share(pages[p]);
      shared[p] = pages[p];  // only what is shared is given back
    }
  }
}

std::int64_t KvCache::bytes_to_prepare(Sequence& s, std::int64_t n_new) {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < options_.layouts.size(); ++i) {
    const auto& pages = pages_of(s, i);
    const std::int64_t have = static_cast<std::int64_t>(pages.size());
    std::int64_t n_pages = std::max<std::int64_t>(0, pages_for(s.length + n_new) - have);
    const std::int64_t first = s.length / kKvPageKeys;
    if (n_new > 0 && first < have && pool_of(i).is_shared(pages[static_cast<std::size_t>(first)])) ++n_pages;
    bytes += n_pages * options_.layouts[i].page_bytes();
  }
  return bytes;
}

Result<void> KvCache::prepare(SequenceId id, std::int64_t n_new) {
  CARAT_CHECK(n_new >= 0);
  Sequence& s = sequence(id);
  const std::int64_t needed = bytes_to_prepare(s, n_new);
  if (options_.max_bytes > 0 && needed > options_.max_bytes - bytes_in_use_) {
    return limit_exceeded(fmt::format(
        "K/V memory is full: {} bytes more are needed for {} new positions, {} of {} are in use; end another "
        "conversation, or plan for a larger context or more sequences",
        needed, n_new, bytes_in_use_, options_.max_bytes));
  }
  for (std::size_t i = 0; i < options_.layouts.size(); ++i) {
    if (auto grown = no_bad_alloc([&] { return grow(s, i, n_new); }); !grown) {
      for (std::size_t j = 0; j <= i; ++j) drop_pages_from(s, j, pages_for(s.length));
      return no_bad_alloc(
          [&]() -> Result<void> { return std::move(grown).error().while_doing("growing the K/V cache"); });
    }
  }
  return {};
}

Result<void> KvCache::grow(Sequence& s, std::size_t layout_idx, std::int64_t n_new) {
  if (n_new == 0) return {};
  auto& pages = pages_of(s, layout_idx);
  const auto first = static_cast<std::size_t>(s.length / kKvPageKeys);
  if (first < pages.size() && pool_of(layout_idx).is_shared(pages[first])) {
    ASSIGN_OR_RETURN(std::byte * own, allocate(layout_idx));
    std::memcpy(own, pages[first], static_cast<std::size_t>(options_.layouts[layout_idx].page_bytes()));
    release(layout_idx, pages[first]);
    pages[first] = own;
  }
  const auto n_pages = static_cast<std::size_t>(pages_for(s.length + n_new));
  while (pages.size() < n_pages) {
    pages.push_back(nullptr);
    ASSIGN_OR_RETURN(pages.back(), allocate(layout_idx));
  }
  return {};
}

void KvCache::after_step(SequenceId id, std::int64_t n_new) {
  Sequence& s = sequence(id);
  s.length += n_new;
  for (std::size_t i = 0; i < options_.layouts.size(); ++i) {
    auto& pages = pages_of(s, i);
    CARAT_CHECK(static_cast<std::int64_t>(pages.size()) >= pages_for(s.length));  // prepare() came first
    const std::int64_t window = options_.layouts[i].window;
    if (window == 0) continue;
    // The row at position q sees keys above q - window; the earliest q that may still come is length - kKeep.
    const std::int64_t first_key = s.length - kKeep - window + 1;
    std::int64_t& first_page = s.first_page[i];
    for (; (first_page + 1) * kKvPageKeys <= first_key; ++first_page) {
      release(i, pages[static_cast<std::size_t>(first_page)]);
    }
  }
}

std::int64_t KvCache::truncate(SequenceId id, std::int64_t position) {
  Sequence& s = sequence(id);
  CARAT_CHECK(position >= 0 && position <= s.length);
  for (std::size_t i = 0; i < options_.layouts.size(); ++i) {
    const bool complete =
        s.first_page[i] == 0 || position - options_.layouts[i].window + 1 >= s.first_page[i] * kKvPageKeys;
    if (!complete) position = 0;
  }
  for (std::size_t i = 0; i < options_.layouts.size(); ++i) {
    drop_pages_from(s, i, pages_for(position));
    if (position == 0) s.first_page[i] = 0;
  }
  s.length = position;
  return position;
}

Result<std::byte*> KvCache::allocate(std::size_t layout_idx) {
  ASSIGN_OR_RETURN(std::byte * page, pool_of(layout_idx).allocate());
  bytes_in_use_ += options_.layouts[layout_idx].page_bytes();
  peak_bytes_ = std::max(peak_bytes_, bytes_in_use_);
  return page;
}

void KvCache::release(std::size_t layout_idx, std::byte*& page) {
  if (page == nullptr) return;
  if (!pool_of(layout_idx).is_shared(page)) bytes_in_use_ -= options_.layouts[layout_idx].page_bytes();
  pool_of(layout_idx).release(page);
  page = nullptr;
}

void KvCache::drop_pages_from(Sequence& s, std::size_t layout_idx, std::int64_t first) {
  auto& pages = pages_of(s, layout_idx);
  for (std::size_t p = static_cast<std::size_t>(first); p < pages.size(); ++p) release(layout_idx, pages[p]);
  if (pages.size() > static_cast<std::size_t>(first)) pages.resize(static_cast<std::size_t>(first));
}

}  // namespace carat::runtime
