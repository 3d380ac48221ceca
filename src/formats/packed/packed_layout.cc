#include "formats/packed/packed_layout.h"

#include <cstring>

namespace carat::formats {
namespace {

constexpr std::size_t kHead = sizeof(Hash128) + sizeof(std::uint64_t);
constexpr std::size_t kMaxFiles = (kPackedStampBytes - kHead) / sizeof(FileIdentity);
static_assert(sizeof(FileIdentity) == 32);

Hash128 stamp_hash(std::span<const std::byte> page) { return hash128(page.subspan(sizeof(Hash128))); }

}  // namespace

std::vector<std::byte> encode_stamp(std::span<const FileIdentity> files) {
  std::vector<std::byte> page(kPackedStampBytes);
  const std::uint64_t count = files.size() > kMaxFiles ? 0 : files.size();  // a model of more parts is hashed again
  std::memcpy(page.data() + sizeof(Hash128), &count, sizeof count);
  if (count > 0) std::memcpy(page.data() + kHead, files.data(), count * sizeof(FileIdentity));
  const Hash128 hash = stamp_hash(page);
  std::memcpy(page.data(), &hash, sizeof hash);
  return page;
}

std::vector<FileIdentity> decode_stamp(std::span<const std::byte> page) {
  Hash128 hash;
  std::uint64_t count = 0;
  std::memcpy(&hash, page.data(), sizeof hash);
  std::memcpy(&count, page.data() + sizeof hash, sizeof count);
  if (hash != stamp_hash(page) || count > kMaxFiles) return {};
  std::vector<FileIdentity> files(count);
  if (count > 0) std::memcpy(files.data(), page.data() + kHead, count * sizeof(FileIdentity));
  return files;
}

}  // namespace carat::formats
