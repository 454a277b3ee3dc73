// Element-wise loops over two inputs that are broadcast to the output.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "cc/kernels/broadcast.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// How both inputs of a loop lie along the output, in as few dimensions as describe it. The last
/// stride is 1 or, in an input that is broadcast there, 0.
struct BinaryPlan {
  int ndim;
  Dims shape;
  Dims a_strides;
  Dims b_strides;
};

/// An input in memory that a plan can describe: its own, or a copy without the strides, or without
/// the broadcasting, that a plan has no loop for.
class BinaryInput {
 public:
  /// x broadcasts to `out`.
  BinaryInput(const TensorView& x, const TensorLayout& out, const Context& context);

  const TensorView& view() const { return view_; }

 private:
  TensorView view_;  // of the shape of the output
  std::unique_ptr<Buffer> copy_;
};

/// The plan for two inputs of the shape of the output, which has at least one element.
BinaryPlan PlanBinary(const TensorView& a, const TensorView& b);

/// A stride of 0 or 1 that a loop is compiled for.
template <int64_t kStride>
using Step = std::integral_constant<int64_t, kStride>;

/// `row` with the strides as Step.
template <typename T, typename Row>
void CallRow(const T* a, int64_t a_stride, const T* b, int64_t b_stride, T* out, int64_t n,
             const Row& row) {
  if (a_stride != 0 && b_stride != 0) return row(a, Step<1>(), b, Step<1>(), out, n);
  if (a_stride != 0) return row(a, Step<1>(), b, Step<0>(), out, n);
  if (b_stride != 0) return row(a, Step<0>(), b, Step<1>(), out, n);
  row(a, Step<0>(), b, Step<0>(), out, n);
}

/// Calls `row(a, a_step, b, b_step, out, n)` for runs of n elements of type T that cover the
/// row-major memory `out`, in any order and from several threads at once: out[i] comes of
/// a[i * a_step] and b[i * b_step].
template <typename T, typename Row>
void ForEachRow(const BinaryPlan& plan, const T* a, const T* b, T* out, const Context& context,
                const Row& row) {
  constexpr int64_t kGrain = 1 << 15;
  const int last = plan.ndim - 1;
  const int64_t length = plan.shape[last];
  int64_t rows = 1;
  for (int d = 0; d < last; ++d) rows *= plan.shape[d];
  // A range of elements may begin and end inside a row.
  ParallelFor(context, rows * length, kGrain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t start = begin % length;
      const int64_t n = std::min(length - start, end - begin);
      int64_t number = begin / length;
      int64_t a_at = start * plan.a_strides[last];
      int64_t b_at = start * plan.b_strides[last];
      for (int d = last - 1; d >= 0; --d) {
        const int64_t position = number % plan.shape[d];
        number /= plan.shape[d];
        a_at += position * plan.a_strides[d];
        b_at += position * plan.b_strides[d];
      }
      CallRow(a + a_at, plan.a_strides[last], b + b_at, plan.b_strides[last], out + begin, n, row);
      begin += n;
    }
  });
}

}  // namespace paddlemend
