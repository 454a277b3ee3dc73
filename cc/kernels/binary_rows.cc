#include "cc/kernels/binary_rows.h"

namespace paddlemend {
namespace {

/// Runs shorter than this cost more to find than to copy.
constexpr int64_t kShortRun = 32;

/// The number of elements that lie in a row along the last dimensions, or repeat one.
int64_t RunLength(const TensorView& view) {
  int d = view.ndim - 1;
  while (d >= 0 && view.shape[d] == 1) --d;
  if (d < 0) return kShortRun;
  const int64_t step = view.strides[d];
  int64_t length = 1;
  if (step != 0 && step != 1) return 0;
  for (; d >= 0 && (view.shape[d] == 1 || view.strides[d] == step * length); --d) {
    length *= view.shape[d];
  }
  return d < 0 ? std::max(length, kShortRun) : length;
}

bool IsBroadcast(const TensorView& view) {
  for (int d = 0; d < view.ndim; ++d) {
    if (view.strides[d] == 0 && view.shape[d] != 1) return true;
  }
  return false;
}

}  // namespace

BinaryInput::BinaryInput(const TensorView& x, const TensorLayout& out, const Context& context)
    : view_(x) {
  BroadcastView(x, out, &view_);
  const int64_t run = RunLength(view_);
  if (run >= kShortRun) return;
  TensorView source = x;
  if (run == 0 && !IsContiguous(x)) {
    // Other strides: x in row-major order, and then perhaps its broadcasting has long runs.
    copy_ = std::make_unique<Buffer>(ByteSize(x));
    StridedCopy(x, ContiguousView(x, copy_->data()), context);
    source = ContiguousView(x, copy_->data()).AsConst();
    BroadcastView(source, out, &view_);
  }
  if (!IsBroadcast(view_) || RunLength(view_) >= kShortRun) return;
  auto repeated = std::make_unique<Buffer>(ByteSize(view_));
  const MutableTensorView target = ContiguousView(view_, repeated->data());
  StridedCopy(view_, target, context);
  view_ = target.AsConst();
  copy_ = std::move(repeated);
}

BinaryPlan PlanBinary(const TensorView& a, const TensorView& b) {
  BinaryPlan plan{0, {}, {}, {}};
  for (int d = 0; d < a.ndim; ++d) {
    const int64_t size = a.shape[d];
    if (size == 1) continue;
    const int last = plan.ndim - 1;
    const bool joins = last >= 0 && plan.a_strides[last] == a.strides[d] * size &&
                       plan.b_strides[last] == b.strides[d] * size;
    const int at = joins ? last : plan.ndim++;
    plan.shape[at] = joins ? plan.shape[at] * size : size;
    plan.a_strides[at] = a.strides[d];
    plan.b_strides[at] = b.strides[d];
  }
  if (plan.ndim == 0) return {1, {1}, {0}, {0}};
  return plan;
}

}  // namespace paddlemend
