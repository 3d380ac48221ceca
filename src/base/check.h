#pragma once

namespace carat::internal {
/// Prints `file:line: check failed: condition` to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);
}  // namespace carat::internal

/// For mistakes of the programmer only; input that can be wrong gets a Result. Always on.
#define CARAT_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::carat::internal::check_failed(__FILE__, __LINE__, #condition))

/// The same in debug builds only, for hot code.
#ifdef NDEBUG
#define CARAT_DCHECK(condition) static_cast<void>(0)
#else
#define CARAT_DCHECK(condition) CARAT_CHECK(condition)
#endif
