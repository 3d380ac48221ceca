# cmake -DOUT=build_info.h -DVERSION=0.1.0 -DSOURCE=DIR -P write_build_info.cmake
execute_process(COMMAND git -C "${SOURCE}" rev-parse --short=12 HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 0 OR commit STREQUAL "")
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT "${OUT}" CONTENT [[
// Made by cmake/write_build_info.cmake.
#pragma once

#include <string_view>

namespace carat::cli {

inline constexpr std::string_view kVersion = "@VERSION@";
inline constexpr std::string_view kCommit = "@commit@";

}  // namespace carat::cli
]] @ONLY)
