#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace carat {

/// XXH3 (the library xxhash): tells damaged or different bytes apart at memory speed. No defence against someone who
/// wants two contents to look alike; that is SHA-256's job. The values are on disk (docs/formats/packed.md): do not
/// change.
struct Hash128 {
  std::uint64_t low = 0, high = 0;

  bool operator==(const Hash128&) const = default;
  /// 32 hexadecimal digits.
  std::string hex() const;
};

std::uint64_t hash64(std::span<const std::byte> bytes);
std::uint64_t hash64(std::string_view text);
Hash128 hash128(std::span<const std::byte> bytes);

/// hash128 of pieces, as if they stood behind each other.
///
///     Hasher128 hasher;
///     hasher.add("blk.0.attn_q.weight").add(bytes);
///     const Hash128 hash = hasher.hash();
class Hasher128 {
 public:
  Hasher128();
  Hasher128(Hasher128&&) noexcept;
  Hasher128& operator=(Hasher128&&) noexcept;
  ~Hasher128();

  Hasher128& add(std::span<const std::byte> bytes);
  Hasher128& add(std::string_view text) { return add(std::as_bytes(std::span(text.data(), text.size()))); }
  Hasher128& add(const Hash128& hash) { return add(std::as_bytes(std::span(&hash, 1))); }
  Hash128 hash() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace carat
