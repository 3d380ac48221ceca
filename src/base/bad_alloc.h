#pragma once

#include <new>
#include <stdexcept>
#include <utility>

#include "base/error.h"

namespace carat {

/// What `work` returns (a Result); std::bad_alloc out of it becomes kOutOfMemory. Written where a folder's functions
/// end, so that an allocation that fails is an error like every other and no exception crosses folders.
///
///     Result<TurnId> ChatStore::append(...) {
///       return no_bad_alloc([&]() -> Result<TurnId> { ... });
///     }
///
/// The message is short enough for the string to hold it in itself: making the error allocates nothing.
template <typename Work>
auto no_bad_alloc(Work&& work) -> decltype(std::forward<Work>(work)()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return out_of_memory("out of memory");
  } catch (const std::length_error&) {  // a container asked for more than an address space can hold
    return out_of_memory("out of memory");
  }
}

}  // namespace carat
