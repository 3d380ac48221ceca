#include "formats/gguf/gguf_value.h"

#include <array>

#include "base/check.h"

namespace carat::formats {
namespace {

struct TypeRow {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<TypeRow, kGgufTypeCount> kTypes = {{{"u8", 1},
                                                         {"i8", 1},
                                                         {"u16", 2},
                                                         {"i16", 2},
                                                         {"u32", 4},
                                                         {"i32", 4},
                                                         {"f32", 4},
                                                         {"bool", 1},
                                                         {"string", 0},
                                                         {"array", 0},
                                                         {"u64", 8},
                                                         {"i64", 8},
                                                         {"f64", 8}}};

const TypeRow& row(GgufType type) {
  const auto i = static_cast<std::size_t>(type);
  CARAT_CHECK(i < kTypes.size());
  return kTypes[i];
}

}  // namespace

std::string_view gguf_type_name(GgufType type) { return row(type).name; }
std::uint64_t gguf_scalar_bytes(GgufType type) { return row(type).bytes; }

}  // namespace carat::formats
