#include "formats/packed/packed_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "formats/packed/packed_layout.h"

namespace carat::formats {
namespace {

constexpr std::size_t kBlock = std::size_t{2} << 20;

void put(std::vector<std::byte>& out, const void* data, std::size_t size) {
  const auto* p = static_cast<const std::byte*>(data);
  out.insert(out.end(), p, p + size);
}
void put_number(std::vector<std::byte>& out, std::uint64_t value) { put(out, &value, sizeof value); }
void put_text(std::vector<std::byte>& out, std::string_view text) {
  put_number(out, text.size());
  put(out, text.data(), text.size());
}

}  // namespace

Result<PackedWriter> PackedWriter::create(const std::filesystem::path& path, std::uint64_t expected_bytes) {
  ASSIGN_OR_RETURN(FileWriter out, FileWriter::create(path));
  RETURN_IF_ERROR(out.reserve(kPackedPayloadOffset + expected_bytes));
  PackedWriter writer(std::move(out));
  writer.block_.resize(kPackedPayloadOffset);  // header and stamp, filled in by commit()
  return writer;
}

Result<void> PackedWriter::flush() {
  RETURN_IF_ERROR(out_.write(block_));
  block_.clear();
  return {};
}

// Blocks of the file, whole ones straight from where they lie.
Result<void> PackedWriter::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t room = kBlock - position() % kBlock;
    if (block_.empty() && room == kBlock && bytes.size() >= kBlock) {
      RETURN_IF_ERROR(out_.write(bytes.first(kBlock)));
      bytes = bytes.subspan(kBlock);
      continue;
    }
    const std::size_t n = std::min(room, bytes.size());
    put(block_, bytes.data(), n);
    bytes = bytes.subspan(n);
    if (n == room) RETURN_IF_ERROR(flush());
  }
  return {};
}

void PackedWriter::add_to_hashes(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t n = std::min<std::size_t>(kPackedPieceBytes - piece_bytes_, bytes.size());
    piece_.add(bytes.first(n));
    bytes = bytes.subspan(n);
    piece_bytes_ += n;
    if (piece_bytes_ < kPackedPieceBytes) return;
    pieces_.push_back(std::exchange(piece_, Hasher128()).hash());
    piece_bytes_ = 0;
  }
}

Result<void> PackedWriter::add(std::string_view name, std::span<const std::byte> bytes) {
  const std::vector<std::byte> zeros((kPackedAlignment - position() % kPackedAlignment) % kPackedAlignment);
  add_to_hashes(zeros);
  RETURN_IF_ERROR(append(zeros));
  sections_.push_back({std::string(name), position(), bytes.size()});
  add_to_hashes(bytes);
  return append(bytes);
}

Result<void> PackedWriter::commit(const PackedOrigin& origin, std::span<const FileIdentity> stamp, unsigned mode) {
  if (piece_bytes_ > 0) pieces_.push_back(piece_.hash());
  std::vector<std::byte> index;
  put_text(index, origin.model_name);
  put_text(index, origin.model_path);
  put_number(index, sections_.size());
  for (const Section& section : sections_) {
    put_text(index, section.name);
    put_number(index, section.offset);
    put_number(index, section.n_bytes);
  }
  put(index, pieces_.data(), pieces_.size() * sizeof(Hash128));

  PackedHeader header{};
  std::memcpy(header.magic, kPackedMagic.data(), sizeof header.magic);
  header.format_version = kPackedFormatVersion;
  header.layout_version = origin.layout_version;
  header.index_offset = position();
  header.index_bytes = index.size();
  header.file_bytes = header.index_offset + header.index_bytes;
  header.index_hash = hash128(index);
  header.source_hash = origin.source_hash;
  header.header_hash = hash128(std::as_bytes(std::span(&header, 1)).first(offsetof(PackedHeader, header_hash)));
  RETURN_IF_ERROR(append(index));
  RETURN_IF_ERROR(flush());
  const std::vector<std::byte> stamp_page = encode_stamp(stamp);
  RETURN_IF_ERROR(out_.write_at(kPackedStampOffset, stamp_page));
  RETURN_IF_ERROR(out_.write_at(0, std::as_bytes(std::span(&header, 1))));
  return out_.commit({.mode = mode, .sync = false});
}

}  // namespace carat::formats
