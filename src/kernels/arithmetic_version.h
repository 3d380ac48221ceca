#pragma once

namespace carat::kernels {

/// Counts the changes of docs/arithmetic.md that change a bit of a result: two programs of one version give the same
/// tokens for the same request, on every processor. Do not change it for anything else. The known answers of the
/// self-test (runtime/self_test_answers.h) change with it.
inline constexpr int kArithmeticVersion = 1;

}  // namespace carat::kernels
