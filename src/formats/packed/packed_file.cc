#include "formats/packed/packed_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/bad_alloc.h"
#include "base/checked.h"
#include "formats/packed/packed_layout.h"

namespace carat::formats {
namespace {

constexpr std::size_t kMaxNameBytes = 4096;

Error broken(const std::filesystem::path& path, std::string_view what) {
  return corrupt(fmt::format("{}: {}; it is only a packed copy of a model and can be deleted", path.string(), what));
}

// Walks through the index; `ok` is false once something was not there.
class IndexReader {
 public:
  explicit IndexReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto part = take(sizeof value);
    if (ok_) std::memcpy(&value, part.data(), sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > kMaxNameBytes) ok_ = false;
    const auto part = take(size);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::span<const std::byte> take(std::uint64_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto part = rest_.first(size);
    rest_ = rest_.subspan(size);
    return part;
  }
  bool ok() const { return ok_; }
  std::span<const std::byte> rest() const { return rest_; }

 private:
  std::span<const std::byte> rest_;
  bool ok_ = true;
};

}  // namespace

bool PackedFile::is_one(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  char magic[kPackedMagic.size()];
  const bool same = ::pread(fd, magic, sizeof magic, 0) == static_cast<ssize_t>(sizeof magic) &&
                    std::string_view(magic, sizeof magic) == kPackedMagic;
  ::close(fd);
  return same;
}

Result<PackedFile> PackedFile::open(const std::filesystem::path& path) {
  return no_bad_alloc([&]() -> Result<PackedFile> {
    PackedFile file;
    ASSIGN_OR_RETURN(file.file_, MappedFile::open(path, MappedFile::Access::kStreamed));
    const auto bytes = file.file_.bytes();
    PackedHeader header;
    if (bytes.size() < sizeof header) return broken(path, "is too short for a packed file");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (std::string_view(header.magic, sizeof header.magic) != kPackedMagic) {
      return unsupported(fmt::format("{}: is no packed file of carat's; move it away", path.string()));
    }
    if (header.format_version != kPackedFormatVersion) {
      return unsupported(fmt::format("{}: is of format version {}; this carat reads {}", path.string(),
                                     header.format_version, kPackedFormatVersion));
    }
    if (header.header_hash != hash128(bytes.first(offsetof(PackedHeader, header_hash)))) {
      return broken(path, "the header is damaged");
    }
    const auto end = (Checked<std::uint64_t>(header.index_offset) + header.index_bytes).value();
    if (header.file_bytes != bytes.size() || !end || *end != bytes.size() ||
        header.index_offset < kPackedPayloadOffset) {
      return broken(path, fmt::format("is {} bytes long and should be {}", bytes.size(), header.file_bytes));
    }
    const auto index = bytes.subspan(header.index_offset, header.index_bytes);
    if (hash128(index) != header.index_hash) return broken(path, "the index is damaged");
    file.origin_.layout_version = header.layout_version;
    file.origin_.source_hash = header.source_hash;
    file.payload_end_ = header.index_offset;
    file.stamp_ = decode_stamp(bytes.subspan(kPackedStampOffset, kPackedStampBytes));
    RETURN_IF_ERROR(file.read_index(index, header.index_offset));
    return file;
  });
}

Result<void> PackedFile::read_index(std::span<const std::byte> index, std::uint64_t index_offset) {
  IndexReader in(index);
  origin_.model_name = in.text();
  origin_.model_path = in.text();
  const std::uint64_t n_sections = in.number();
  for (std::uint64_t i = 0; i < n_sections && in.ok(); ++i) {
    Section section{in.text(), in.number(), in.number()};
    const auto end = (Checked<std::uint64_t>(section.offset) + section.n_bytes).value();
    if (!end || *end > index_offset || section.offset < kPackedPayloadOffset ||
        section.offset % kPackedAlignment != 0) {
      return broken(path(), fmt::format("section {} lies outside the file", i));
    }
    sections_.push_back(std::move(section));
  }
  const std::uint64_t n_pieces = (index_offset - kPackedPayloadOffset + kPackedPieceBytes - 1) / kPackedPieceBytes;
  if (!in.ok() || in.rest().size() != n_pieces * sizeof(Hash128)) return broken(path(), "the index ends early");
  pieces_.resize(n_pieces);
  if (n_pieces > 0) std::memcpy(pieces_.data(), in.rest().data(), in.rest().size());
  std::sort(sections_.begin(), sections_.end(), [](const Section& a, const Section& b) { return a.name < b.name; });
  return {};
}

void PackedFile::write_stamp(std::span<const FileIdentity> files) const {
  const int fd = ::open(path().c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  const std::vector<std::byte> page = encode_stamp(files);
  (void)!::pwrite(fd, page.data(), page.size(), static_cast<off_t>(kPackedStampOffset));
  ::close(fd);
}

std::span<const std::byte> PackedFile::find(std::string_view name) const {
  const auto it = std::lower_bound(sections_.begin(), sections_.end(), name,
                                   [](const Section& s, std::string_view wanted) { return s.name < wanted; });
  if (it == sections_.end() || it->name != name) return {};
  return file_.bytes().subspan(it->offset, it->n_bytes);
}

std::span<const std::byte> PackedFile::payload() const {
  return file_.bytes().subspan(kPackedPayloadOffset, payload_end_ - kPackedPayloadOffset);
}

bool PackedFile::piece_is_whole(std::size_t i) const {
  const auto from = payload().subspan(i * kPackedPieceBytes);
  return hash128(from.first(std::min<std::size_t>(from.size(), kPackedPieceBytes))) == pieces_[i];
}

Error PackedFile::damaged(std::size_t piece) const {
  return broken(path(),
                fmt::format("the bytes from {} on are damaged", kPackedPayloadOffset + piece * kPackedPieceBytes));
}

Result<void> PackedFile::verify(ThreadPool& pool, ProgressCounter* progress) const {
  // Neighbouring pieces by one thread: pages are read ahead, and huge ones are touched by one thread only.
  constexpr std::size_t kPiecesOfAShare = 8;
  std::atomic<std::size_t> first_bad{pieces_.size()};
  const std::size_t n_shares = (pieces_.size() + kPiecesOfAShare - 1) / kPiecesOfAShare;
  for (std::size_t begin = 0; begin < n_shares; begin += ThreadPool::kMaxShares) {
    const std::size_t n = std::min<std::size_t>(n_shares - begin, ThreadPool::kMaxShares);
    pool.run(static_cast<std::int64_t>(n), [&](std::int64_t share, int thread) {
      const std::size_t first = (begin + static_cast<std::size_t>(share)) * kPiecesOfAShare;
      for (std::size_t i = first; i < std::min(first + kPiecesOfAShare, pieces_.size()); ++i) {
        if (piece_is_whole(i)) continue;
        std::size_t seen = first_bad.load();
        while (i < seen && !first_bad.compare_exchange_weak(seen, i)) {
        }
      }
      if (progress != nullptr) progress->add(kPiecesOfAShare * kPackedPieceBytes, thread);
    });
  }
  if (first_bad.load() < pieces_.size()) return damaged(first_bad.load());
  return {};
}

Result<void> PackedFile::verify(std::span<const std::byte> part) const {
  if (part.empty()) return {};
  const auto begin = static_cast<std::size_t>(part.data() - payload().data());
  CARAT_CHECK(begin < payload().size() && part.size() <= payload().size() - begin);
  for (std::size_t i = begin / kPackedPieceBytes; i <= (begin + part.size() - 1) / kPackedPieceBytes; ++i) {
    if (!piece_is_whole(i)) return damaged(i);
  }
  return {};
}

}  // namespace carat::formats
