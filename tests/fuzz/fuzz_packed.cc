// A packed copy built of records, its hashes right (they are no defence): a file that opens has its sections inside, at
// their alignment, and verify() finds every byte that is not what the hashes say.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/hash.h"
#include "formats/packed/packed_file.h"
#include "formats/packed/packed_layout.h"
#include "fuzz/choices.h"
#include "fuzz/scratch_file.h"
#include "fuzz/target.h"

namespace carat::fuzz {
namespace {

using formats::kPackedAlignment;
using formats::kPackedPayloadOffset;
using formats::kPackedPieceBytes;
using formats::PackedFile;
using formats::PackedHeader;

constexpr std::string_view kNames[] = {"weights", "tokenizer", "a", ""};

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class Writer {
 public:
  explicit Writer(Choices& choose) : choose_(choose) {}
  bool damaged = false;  // one byte of the payload is not what its piece's hash says

  std::string file() {
    std::uint64_t n_payload = choose_.below(5) * 4096;
    if (choose_.one_in(4)) n_payload += choose_.below(4096);
    std::string payload(n_payload, 'p'), index;
    text(index, choose_.text(20));
    text(index, "/model.gguf");
    const std::uint32_t n_sections = choose_.below(4);
    number(index, or_lie(n_sections));
    for (std::uint32_t i = 0; i < n_sections; ++i) {
      text(index, choose_.among(kNames));
      number(index, or_lie(kPackedPayloadOffset + choose_.below(3) * kPackedAlignment));
      number(index, or_lie(choose_.below(8192)));
    }
    for (std::size_t at = 0; at < payload.size(); at += kPackedPieceBytes) {
      const Hash128 hash = hash128(bytes_of(payload).subspan(at, std::min(payload.size() - at, kPackedPieceBytes)));
      index.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    }
    if (choose_.one_in(24)) index.resize(index.size() - std::min<std::size_t>(index.size(), choose_.below(40)));
    if (!payload.empty() && choose_.one_in(8)) {
      payload[choose_.number() % payload.size()] ^= 1;
      damaged = true;
    }
    const std::string first = head(payload.size(), index), second = stamp();
    return first + second + payload + index;
  }

 private:
  std::uint64_t or_lie(std::uint64_t truth) {
    if (!choose_.one_in(32)) return truth;
    return choose_.one_in(2) ? truth + choose_.below(5) - 2 : choose_.number();
  }
  static void number(std::string& out, std::uint64_t value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string& out, std::string_view value) {
    number(out, or_lie(value.size()));
    out += value;
  }

  std::string head(std::uint64_t n_payload, const std::string& index) {
    PackedHeader header{};
    std::memcpy(header.magic, choose_.one_in(64) ? "CARATPAX" : "CARATPAK", sizeof header.magic);
    header.format_version = static_cast<std::uint32_t>(or_lie(formats::kPackedFormatVersion));
    header.layout_version = choose_.byte();
    header.index_offset = or_lie(kPackedPayloadOffset + n_payload);
    header.index_bytes = or_lie(index.size());
    header.file_bytes = or_lie(kPackedPayloadOffset + n_payload + index.size());
    header.index_hash = hash128(bytes_of(index));
    header.header_hash = hash128(std::as_bytes(std::span(&header, 1)).first(offsetof(PackedHeader, header_hash)));
    std::string out(formats::kPackedStampOffset, '\0');
    std::memcpy(out.data(), &header, sizeof header);
    if (choose_.one_in(64)) out[choose_.below(sizeof header)] ^= 1;
    return out;
  }

  std::string stamp() {
    std::vector<FileIdentity> files(choose_.below(3));
    auto page = formats::encode_stamp(files);
    if (choose_.one_in(4)) {  // a count of its own, with the right hash
      const std::uint64_t count = choose_.number();
      std::memcpy(page.data() + sizeof(Hash128), &count, sizeof count);
      const Hash128 hash = hash128(std::span(page).subspan(sizeof(Hash128)));
      std::memcpy(page.data(), &hash, sizeof hash);
    }
    return {reinterpret_cast<const char*>(page.data()), page.size()};
  }

  Choices& choose_;
};

void check(std::string_view bytes, bool damaged) {
  static const ScratchFolder folder;
  static ThreadPool pool(1);
  const auto path = folder.put("model.carat-packed", bytes);
  (void)PackedFile::is_one(path);
  const auto file = PackedFile::open(path);
  if (!file) return check_refusal(file.error());
  CARAT_CHECK(file->n_bytes() == bytes.size() && file->stamp().size() <= 128);
  const auto whole = file->verify(pool);
  CARAT_CHECK(whole.has_value() == !damaged);
  if (!whole) check_refusal(whole.error());
  for (const std::string_view name : kNames) {
    const auto section = file->find(name);
    if (section.empty()) continue;
    CARAT_CHECK(reinterpret_cast<std::uintptr_t>(section.data()) % kPackedAlignment == 0);
    CARAT_CHECK(section.size() <= bytes.size());
    CARAT_CHECK(!whole || std::all_of(section.begin(), section.end(), [](std::byte b) { return b == std::byte{'p'}; }));
    const auto part = file->verify(section);
    CARAT_CHECK(!whole || part);
  }
}

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carat::fuzz::Choices choose(data, size);
  carat::fuzz::Writer writer(choose);
  const std::string file = writer.file();
  carat::fuzz::dump_if_asked(file);
  carat::fuzz::check(file, writer.damaged);
  return 0;
}
