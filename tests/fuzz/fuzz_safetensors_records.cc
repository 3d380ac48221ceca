// A safetensors file built of records: offsets that fit together except where the input says otherwise.
#include <array>
#include <string>

#include "fuzz/choices.h"
#include "fuzz/safetensors_checks.h"
#include "fuzz/scratch_file.h"
#include "fuzz/target.h"
#include "tensor/dtype.h"

namespace carat::fuzz {
namespace {

constexpr std::array<std::string_view, 12> kTypes = {"F32", "BF16", "F16", "I64",  "I32",     "I8",
                                                     "U8",  "BOOL", "F64", "Q4_0", "F8_E4M3", ""};
constexpr std::array<std::string_view, 6> kNames = {"a", "b", "model.norm.weight", "__metadata__", "\\u00e9", ""};
constexpr std::array<std::string_view, 10> kOddNumbers = {"-1",
                                                          "0",
                                                          "1.0",
                                                          "1e2",
                                                          "9223372036854775807",
                                                          "9223372036854775808",
                                                          "18446744073709551615",
                                                          "18446744073709551616",
                                                          "\"4\"",
                                                          "null"};

class Writer {
 public:
  explicit Writer(Choices& choose) : choose_(choose) {}

  std::string file() {
    std::string header = "{";
    std::uint64_t offset = 0;
    for (std::uint32_t i = choose_.below(6); i > 0; --i) {
      if (header.size() > 1) header += ',';
      offset = tensor(header, offset);
    }
    header += '}';
    if (choose_.one_in(4)) header.append(choose_.below(16), ' ');
    std::uint64_t length = header.size();
    if (choose_.one_in(32)) length = choose_.one_in(2) ? choose_.number() : length + choose_.below(5) - 2;
    std::string out;
    for (int i = 0; i < 8; ++i) out += static_cast<char>(length >> (8 * i));
    out += header;
    out.resize(out.size() + offset);
    if (choose_.one_in(16)) out.resize(out.size() + choose_.below(9));
    if (choose_.one_in(16)) out.resize(out.size() - choose_.below(9));
    return out;
  }

 private:
  std::string or_lie(std::uint64_t truth) {
    if (!choose_.one_in(24)) return std::to_string(truth);
    if (choose_.one_in(2)) return std::string(choose_.among(kOddNumbers));
    return std::to_string(choose_.one_in(2) ? choose_.number() : truth + choose_.below(5) - 2);
  }

  std::uint64_t tensor(std::string& out, std::uint64_t offset) {
    std::string name(choose_.among(kNames));
    if (!choose_.one_in(12)) name += std::to_string(n_++);
    out.append("\"").append(name).append("\":");
    if (name == "__metadata__") {
      out += choose_.one_in(4) ? R"({"format":1})" : R"({"format":"pt"})";
      return offset;
    }
    const std::string_view type = choose_.one_in(8) ? choose_.among(kTypes) : kTypes[choose_.below(8)];
    out.append("{\"dtype\":\"").append(type).append("\",\"shape\":[");
    std::uint64_t elements = 1;
    for (std::uint32_t i = choose_.one_in(16) ? 9 : choose_.below(4), n = i; i > 0; --i) {
      const std::uint64_t extent = choose_.one_in(16) ? choose_.below(2) : 1 + choose_.below(3);
      if (i != n) out += ',';
      out += or_lie(extent);
      elements *= extent;
    }
    const auto known = dtype_from_name(type);
    const std::uint64_t end = offset + elements * (known ? dtype_info(*known).block_bytes : 1);
    out.append("],\"data_offsets\":[").append(or_lie(offset));
    out.append(",").append(or_lie(end)).append("]");
    if (choose_.one_in(16)) out += ",\"dtype\":\"I8\"";
    out += '}';
    return choose_.one_in(24) ? offset : end;
  }

  Choices& choose_;
  unsigned n_ = 0;
};

}  // namespace
}  // namespace carat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carat::fuzz::Choices choose(data, size);
  const std::string file = carat::fuzz::Writer(choose).file();
  carat::fuzz::dump_if_asked(file);
  carat::fuzz::check_safetensors(std::as_bytes(std::span(file.data(), file.size())));
  return 0;
}
