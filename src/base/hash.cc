#include "base/hash.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <new>

namespace carat {
namespace {

Hash128 from_library(XXH128_hash_t hash) { return {hash.low64, hash.high64}; }

}  // namespace

std::string Hash128::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

std::uint64_t hash64(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }
std::uint64_t hash64(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }
Hash128 hash128(std::span<const std::byte> bytes) { return from_library(XXH3_128bits(bytes.data(), bytes.size())); }

struct Hasher128::State {
  XXH3_state_t* xxh = XXH3_createState();
  ~State() { XXH3_freeState(xxh); }
};

Hasher128::Hasher128() : state_(std::make_unique<State>()) {
  if (state_->xxh == nullptr || XXH3_128bits_reset(state_->xxh) != XXH_OK) throw std::bad_alloc();
}
Hasher128::Hasher128(Hasher128&&) noexcept = default;
Hasher128& Hasher128::operator=(Hasher128&&) noexcept = default;
Hasher128::~Hasher128() = default;

Hasher128& Hasher128::add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_->xxh, bytes.data(), bytes.size());
  return *this;
}

Hash128 Hasher128::hash() const { return from_library(XXH3_128bits_digest(state_->xxh)); }

}  // namespace carat
