# One way to declare a folder of src/: sources, dependencies, tests and benchmarks beside each other.
#
#   carat_library(base SOURCES check.cc ... DEPS fmt::fmt TESTS result_test.cc TEST_DEPS carat::ref BENCHMARKS x_bench.cc)
#
# makes the target carat::base, with tests the program base_tests, with benchmarks base_bench.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# -ffp-contract=off: a fused multiply-add happens only where the code says fma (docs/arithmetic.md).
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees an overlap inside std::string's operator+ that cannot be there (GCC bug 105651, fixed in 13).
  add_compile_options(-Wno-restrict)
endif()
if(CARAT_WERROR)
  add_compile_options(-Werror)
endif()
if(CARAT_SANITIZE)
  add_compile_options(-fsanitize=${CARAT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CARAT_SANITIZE})
endif()

function(carat_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS;BENCHMARKS;BENCH_DEPS" ${ARGN})
  add_library(carat_${name} STATIC ${ARG_SOURCES})
  add_library(carat::${name} ALIAS carat_${name})
  target_include_directories(carat_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(carat_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  if(CARAT_TESTS AND ARG_TESTS)
    add_executable(${name}_tests ${ARG_TESTS})
    target_link_libraries(${name}_tests PRIVATE carat::${name} ${ARG_TEST_DEPS} GTest::gtest_main)
    target_compile_definitions(${name}_tests PRIVATE CARAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_tests)
  endif()
  if(CARAT_BENCHMARKS AND ARG_BENCHMARKS)
    add_executable(${name}_bench ${ARG_BENCHMARKS})
    target_link_libraries(${name}_bench PRIVATE carat::${name} ${ARG_BENCH_DEPS} benchmark::benchmark_main)
    target_compile_definitions(${name}_bench PRIVATE CARAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
endfunction()
