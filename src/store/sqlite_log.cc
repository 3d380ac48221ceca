#include "store/sqlite_log.h"

#include <array>

namespace carat::store::sqlite {
namespace {

constexpr std::size_t kHeaderBytes = 32, kFrameHeaderBytes = 24;
constexpr std::uint64_t kMagic = 0x377f0682;  // and 1 more when the checksums are of big-endian words

using Sums = std::array<std::uint32_t, 2>;

/// SQLite's checksum, going on from `sums`. REQUIRES: a multiple of 8 bytes.
Sums checksum(std::span<const std::byte> bytes, bool big, Sums sums) {
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto byte = std::to_integer<std::uint32_t>(bytes[at + (big ? i : 3 - i)]);
      value = value << 8 | byte;
    }
    return value;
  };
  for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    sums[0] += word(at) + sums[1];
    sums[1] += word(at + 4) + sums[0];
  }
  return sums;
}

Sums sums_at(std::span<const std::byte> bytes, std::size_t offset) {
  return {static_cast<std::uint32_t>(big_endian(bytes, offset, 4)),
          static_cast<std::uint32_t>(big_endian(bytes, offset + 4, 4))};
}

bool is_page_size(std::uint64_t n) { return n >= 512 && n <= 65536 && (n & (n - 1)) == 0; }

}  // namespace

std::uint64_t big_endian(std::span<const std::byte> bytes, std::size_t offset, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[offset + i]);
  return value;
}

std::vector<Frame> read_log(std::span<const std::byte> log, std::optional<std::uint32_t> page_size) {
  if (log.size() < kHeaderBytes + kFrameHeaderBytes) return {};
  const std::uint64_t magic = big_endian(log, 0, 4);
  const bool big = magic == kMagic + 1;
  const bool header_is_good = (magic & ~std::uint64_t{1}) == kMagic && is_page_size(big_endian(log, 8, 4)) &&
                              checksum(log.first(24), big, {}) == sums_at(log, 24);
  const std::uint64_t size = header_is_good ? big_endian(log, 8, 4) : page_size.value_or(0);
  if (!is_page_size(size)) return {};
  const std::size_t step = kFrameHeaderBytes + static_cast<std::size_t>(size);
  // A frame belongs to this generation when it has its salt; the first frame always does.
  const std::uint64_t salt = header_is_good ? big_endian(log, 16, 8) : big_endian(log, kHeaderBytes + 8, 8);

  std::vector<Frame> frames;
  Sums before = sums_at(log, 24);
  bool chain = header_is_good;
  std::size_t n_visible = 0;
  for (std::size_t at = kHeaderBytes; log.size() - at >= step; at += step) {
    const std::span<const std::byte> header = log.subspan(at, kFrameHeaderBytes);
    const std::span<const std::byte> image = log.subspan(at + kFrameHeaderBytes, static_cast<std::size_t>(size));
    const Sums stored = sums_at(header, 16);
    const bool same_generation = big_endian(header, 8, 8) == salt;
    const auto page = static_cast<std::uint32_t>(big_endian(header, 0, 4));
    const bool verified =
        same_generation && page != 0 && checksum(image, big, checksum(header.first(8), big, before)) == stored;
    before = stored;
    chain = chain && verified;
    if (!same_generation) continue;  // damaged there, or the rest of an older generation
    frames.push_back({page, image, big_endian(header, 4, 4) != 0, verified, false});
    if (chain && frames.back().commits) n_visible = frames.size();
  }
  for (std::size_t i = 0; i < n_visible; ++i) frames[i].visible = true;
  return frames;
}

}  // namespace carat::store::sqlite
