// Any bytes as a safetensors file: as they are, or (first byte odd) as the header of a file whose length field is
// right, with 64 bytes of data.
#include <string>

#include "fuzz/safetensors_checks.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace carat::fuzz;
  if (size == 0 || data[0] % 2 == 0) {
    check_safetensors(as_bytes(data, size));
    return 0;
  }
  const std::string_view header = as_text(data + 1, size - 1);
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i));
  file += header;
  file.resize(file.size() + data[0] / 2);
  check_safetensors(std::as_bytes(std::span(file.data(), file.size())));
  return 0;
}
