#include "store/sqlite_pages.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "store/sqlite_log.h"

namespace carat::store::sqlite {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kFileHeaderBytes = 100;
constexpr std::uint32_t kUsualPageSize = 4096;
constexpr std::uint64_t kMaxPayload = std::uint64_t{64} << 20;

std::uint32_t page_size_of(Bytes file) {
  const auto plausible = [](std::uint64_t n) { return n >= 512 && n <= 32768 && (n & (n - 1)) == 0; };
  if (file.size() < kFileHeaderBytes) return kUsualPageSize;
  const std::uint64_t stored = big_endian(file, 16, 2);
  return header_is_plausible(file) && plausible(stored) ? static_cast<std::uint32_t>(stored) : kUsualPageSize;
}

/// A walk over bytes that stops, once and for all, where they end.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  std::size_t offset() const { return offset_; }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      if (offset_ >= bytes_.size()) break;
      const auto byte = std::to_integer<std::uint64_t>(bytes_[offset_++]);
      if (i == 8) return value << 8 | byte;
      value = value << 7 | (byte & 0x7f);
      if ((byte & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  Bytes take(std::uint64_t n) {
    if (failed_ || n > bytes_.size() - offset_) {
      failed_ = true;
      return {};
    }
    const Bytes part = bytes_.subspan(offset_, static_cast<std::size_t>(n));
    offset_ += part.size();
    return part;
  }

 private:
  Bytes bytes_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

/// The value of a serial type, if it is one that our tables hold.
std::optional<Value> value_of(std::uint64_t type, Reader& body) {
  static constexpr std::uint64_t kIntegerBytes[] = {0, 1, 2, 3, 4, 6, 8};
  if (type == 0) return Value();
  if (type == 8 || type == 9) return Value(static_cast<std::int64_t>(type - 8));
  if (type <= 6) {
    const Bytes bytes = body.take(kIntegerBytes[type]);
    if (body.failed()) return std::nullopt;
    const unsigned unused = static_cast<unsigned>(64 - 8 * bytes.size());
    return Value(static_cast<std::int64_t>(big_endian(bytes, 0, bytes.size()) << unused) >> unused);  // the sign
  }
  if (type < 13 || type % 2 == 0) return std::nullopt;  // floating point, reserved, a blob
  const Bytes text = body.take((type - 13) / 2);
  if (body.failed()) return std::nullopt;
  return Value(std::string(reinterpret_cast<const char*>(text.data()), text.size()));
}

std::optional<std::vector<Value>> values_of(Bytes record) {
  Reader header(record);
  const std::uint64_t header_bytes = header.varint();
  if (header.failed() || header_bytes < header.offset() || header_bytes > record.size()) return std::nullopt;
  Reader types(record.first(static_cast<std::size_t>(header_bytes)));
  types.take(header.offset());
  Reader body(record.subspan(static_cast<std::size_t>(header_bytes)));
  std::vector<Value> values;
  constexpr std::size_t kMaxColumns = 16;
  while (types.offset() < header_bytes && values.size() < kMaxColumns) {
    std::optional<Value> value = value_of(types.varint(), body);
    if (types.failed() || !value) return std::nullopt;
    values.push_back(std::move(*value));
  }
  if (types.offset() != header_bytes) return std::nullopt;
  return values;
}

class RowFinder {
 public:
  RowFinder(const FilePair& pair, const std::function<void(FoundRow)>& found)
      : page_size_(page_size_of(pair.file)), found_(found) {
    std::vector<Frame> frames = read_log(pair.log, page_size_);
    const auto last_commit =
        std::find_if(frames.rbegin(), frames.rend(), [](const Frame& frame) { return frame.commits; });
    frames.erase(last_commit.base(), frames.end());
    images_.resize(pair.file.size() / page_size_);
    for (std::size_t i = 0; i < images_.size(); ++i) images_[i] = pair.file.subspan(i * page_size_, page_size_);
    const std::size_t most_pages = images_.size() + frames.size();  // pages are added one after another
    for (const Frame& frame : frames) {
      if (frame.image.size() != page_size_) continue;
      if (!frame.verified) {
        doubtful_.push_back(frame);
        continue;
      }
      if (frame.page > most_pages) continue;
      if (frame.page > images_.size()) images_.resize(frame.page);
      images_[frame.page - 1] = frame.image;
    }
    used_.resize(images_.size());
  }

  void run() {
    for (std::size_t i = 0; i < images_.size(); ++i) leaf_rows(images_[i], i == 0);
    used_.assign(used_.size(), false);
    for (const Frame& frame : doubtful_) leaf_rows(frame.image, frame.page == 1);
  }

 private:
  /// The rows of a page, if it is a leaf of a table.
  void leaf_rows(Bytes page, bool is_first) {
    constexpr std::size_t kLeafHeaderBytes = 8;
    const std::size_t start = is_first ? kFileHeaderBytes : 0;
    if (page.size() < start + kLeafHeaderBytes || page[start] != std::byte{0x0d}) return;
    const std::size_t n_cells = big_endian(page, start + 3, 2);
    std::size_t budget = page.size();  // cells do not overlap: together they are no more than the page
    for (std::size_t i = 0; i < n_cells && budget > 0; ++i) {
      const std::size_t at = start + kLeafHeaderBytes + 2 * i;
      if (at + 2 > page.size()) return;
      const std::size_t cell = big_endian(page, at, 2);
      if (cell < page.size()) budget -= std::min(budget, cell_row(page.subspan(cell)));
    }
  }

  /// The row of a cell; returns the bytes of the page that it took.
  std::size_t cell_row(Bytes cell) {
    Reader reader(cell);
    const std::uint64_t n_payload = reader.varint();
    const auto rowid = static_cast<std::int64_t>(reader.varint());
    if (reader.failed() || n_payload > kMaxPayload) return 1;
    // How much of a payload stays on the page: "B-tree Cell Format" of the file format.
    const std::uint64_t usable = page_size_, most = usable - 35;
    std::uint64_t n_local = n_payload;
    if (n_payload > most) {
      const std::uint64_t least = (usable - 12) * 32 / 255 - 23;
      n_local = least + (n_payload - least) % (usable - 4);
      if (n_local > most) n_local = least;
    }
    const Bytes local = reader.take(n_local);
    if (reader.failed()) return 1;
    if (n_local == n_payload) {
      deliver(rowid, local);
      return reader.offset();
    }
    const Bytes next = reader.take(4);
    if (reader.failed()) return 1;
    if (with_overflow(local, big_endian(next, 0, 4), n_payload)) deliver(rowid, payload_);
    return reader.offset();
  }

  /// Collects a payload that goes on in other pages. Each of them belongs to one row, so that all rows together read
  /// the file once.
  bool with_overflow(Bytes local, std::uint64_t page, std::uint64_t n_payload) {
    payload_.assign(local.begin(), local.end());
    while (payload_.size() < n_payload) {
      if (page == 0 || page > images_.size() || used_[page - 1] || images_[page - 1].empty()) return false;
      used_[page - 1] = true;
      const Bytes image = images_[page - 1];
      const Bytes part = image.subspan(4, std::min<std::uint64_t>(image.size() - 4, n_payload - payload_.size()));
      payload_.insert(payload_.end(), part.begin(), part.end());
      page = big_endian(image, 0, 4);
    }
    return true;
  }

  void deliver(std::int64_t rowid, Bytes record) {
    if (std::optional<std::vector<Value>> values = values_of(record)) found_({rowid, std::move(*values)});
  }

  std::uint32_t page_size_;
  const std::function<void(FoundRow)>& found_;
  std::vector<Bytes> images_;  // of page i + 1; empty where there is none
  std::vector<Frame> doubtful_;
  std::vector<bool> used_;  // overflow pages of rows that were found
  std::vector<std::byte> payload_;
};

}  // namespace

bool header_is_plausible(Bytes file) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  if (file.size() < kFileHeaderBytes || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0) return false;
  // Reading and writing version (1, or 2 for WAL), nothing reserved on pages, three constants, the schema's format and
  // texts as UTF-8 (both 0 before the first table).
  for (const std::size_t at : {18, 19}) {
    if (file[at] != std::byte{1} && file[at] != std::byte{2}) return false;
  }
  return big_endian(file, 20, 4) == 0x00402020 && big_endian(file, 44, 4) <= 4 && big_endian(file, 56, 4) <= 1;
}

std::uint64_t size_of_header(Bytes file) { return big_endian(file, 28, 4) * page_size_of(file); }

void find_rows(const FilePair& pair, const std::function<void(FoundRow)>& found) { RowFinder(pair, found).run(); }

bool log_hides_commits(Bytes log) {
  const std::vector<Frame> frames = read_log(log, kUsualPageSize);
  return std::any_of(frames.begin(), frames.end(), [](const Frame& frame) { return frame.commits && !frame.visible; });
}

}  // namespace carat::store::sqlite
