#pragma once

#include <cstdint>
#include <string_view>

namespace carat::runtime {

/// What a case of self_test_cases.h must give, as answer_hash of its bits, on every processor. They change only with
/// kernels::kArithmeticVersion or with the cases; self_test_test.cc holds them to ref and prints new ones.
struct KnownAnswer {
  std::string_view name;
  std::uint64_t hash;
};
inline constexpr KnownAnswer kKnownAnswers[] = {
    {"rms_norm", 0x2f176fc6c181c5ff},
    {"gelu_mul", 0x26c00380d020e808},
    {"add", 0x01cf3d8dd480387f},
    {"scale", 0x598a9f40cbfcee7e},
    {"scaled_add", 0xcad671540ecf73be},
    {"multiply", 0x69514fc825043ff9},
    {"softcap", 0xa757fd2be631cd34},
    {"softmax", 0x0b7b945217982e97},
    {"rope", 0x7f9ff41f0ee8e7b7},
    {"matmul F32", 0x6dfa8cf49400e214},
    {"matmul F16", 0x601ee10ace023bf7},
    {"matmul BF16", 0x562c1836555241f3},
    {"matmul Q4_0", 0x3ca7abca694e3da0},
    {"matmul Q4_1", 0x067495cad4909c37},
    {"matmul Q5_0", 0x5e692a1261319c86},
    {"matmul Q5_1", 0x57386fb8e3d55def},
    {"matmul Q8_0", 0x7de4f3dc9e0aa34d},
    {"matmul Q2_K", 0x963944b6474fd48e},
    {"matmul Q3_K", 0x957bbbcda9a2535d},
    {"matmul Q4_K", 0x3525874803a23b95},
    {"matmul Q5_K", 0x2c869457a66ef73e},
    {"matmul Q6_K", 0x96eb08e2123061a4},
    {"matmul IQ4_NL", 0x9f0a2465f47d994c},
    {"matmul IQ4_XS", 0x992a273e67b82f94},
    {"matmul MXFP4", 0x85bb1db4be4dd021},
    {"quantize", 0xe78916cfe3e49484},
    {"matmul_i8 Q4_0", 0xa57ae1ed6b5aafa4},
    {"matmul_i8 Q4_1", 0x191fd378a79b338f},
    {"matmul_i8 Q5_0", 0x1e427b49e02b4218},
    {"matmul_i8 Q5_1", 0x88583e92cc6ad0c3},
    {"matmul_i8 Q8_0", 0xd8a87c34ea9b09c6},
    {"matmul_i8 Q2_K", 0x9c8d17e970aa5227},
    {"matmul_i8 Q3_K", 0x095d389daea640eb},
    {"matmul_i8 Q4_K", 0x07676be7df0ff4cb},
    {"matmul_i8 Q5_K", 0x49a06ddeac314efe},
    {"matmul_i8 Q6_K", 0x1fd86b2a0bcb6eb1},
    {"matmul_i8 IQ4_NL", 0xe9f5b438eac0fc93},
    {"matmul_i8 IQ4_XS", 0x106a0d0df0ef5256},
    {"matmul_i8 MXFP4", 0x81b9c1bd188ad902},
    {"attention f32", 0xdc072776f43a1784},
    {"attention f16", 0xa874e31e6b5a4e95},
    {"attention bf16", 0xa4354b8fec406b88},
    {"attention_split f32", 0xbc3420d23a00341f},
    {"attention_split f16", 0xbda69ec5e2155887},
    {"attention_split bf16", 0xc1635b34fdb1eaad},
};

}  // namespace carat::runtime
