// Any bytes as a GGUF file.
#include "fuzz/gguf_checks.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  carat::fuzz::check_gguf(carat::fuzz::as_bytes(data, size));
  return 0;
}
