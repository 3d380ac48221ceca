#include "kernels/elementwise.h"

#include "kernels/kernel_table.h"
#include "kernels/parallel_rows.h"

namespace carat::kernels {
namespace {

void check_same_shape(MatView<const float> a, MatView<const float> b) {
  CARAT_CHECK(a.rows == b.rows && a.cols == b.cols);
}

}  // namespace

void gelu_mul(MatView<const float> gate, MatView<const float> up, MatView<float> y, Exec& exec) {
  check_same_shape(gate, up);
  check_same_shape(gate, y);
  for_each_row(exec, y.rows, [&](std::int64_t t) { exec.table->gelu_mul(gate.row(t), up.row(t), y.cols, y.row(t)); });
}

void add(MatView<const float> a, MatView<const float> b, MatView<float> y, Exec& exec) {
  check_same_shape(a, b);
  check_same_shape(a, y);
  for_each_row(exec, y.rows, [&](std::int64_t t) { exec.table->add(a.row(t), b.row(t), y.cols, y.row(t)); });
}

void multiply(MatView<const float> a, MatView<const float> b, MatView<float> y, Exec& exec) {
  check_same_shape(a, b);
  check_same_shape(a, y);
  for_each_row(exec, y.rows, [&](std::int64_t t) { exec.table->multiply(a.row(t), b.row(t), y.cols, y.row(t)); });
}

void scale(MatView<const float> x, float factor, MatView<float> y, Exec& exec) {
  check_same_shape(x, y);
  for_each_row(exec, y.rows, [&](std::int64_t t) { exec.table->scale(x.row(t), factor, y.cols, y.row(t)); });
}

void softcap(MatView<const float> x, float cap, MatView<float> y, Exec& exec) {
  check_same_shape(x, y);
  for_each_row(exec, y.rows, [&](std::int64_t t) { exec.table->softcap(x.row(t), cap, y.cols, y.row(t)); });
}

void softmax(MatView<const float> x, MatView<float> y, Exec& exec) {
  check_same_shape(x, y);
  for_each_row(exec, y.rows, [&](std::int64_t t) { exec.table->softmax(x.row(t), y.cols, y.row(t)); });
}

}  // namespace carat::kernels
