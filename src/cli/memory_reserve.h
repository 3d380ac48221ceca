#pragma once

namespace carat::cli {

/// Keeps some address space aside for the moment when there is none left: the first allocation that fails gets it, so
/// that cleaning up and saying a sentence still work (nlohmann's destructors allocate, and must not fail). After that,
/// std::bad_alloc as usual.
void keep_memory_reserve();

}  // namespace carat::cli
