#include "cc/kernels/copy_plan.h"

#include <algorithm>

namespace paddlemend {
namespace {

/// Adds the loop so that the destination strides stay sorted. Runs backwards in the destination
/// become forward ones from the other end.
void InsertLoop(CopyLoop loop, CopyPlan* plan) {
  if (loop.dst < 0) {
    plan->src += loop.src * (loop.size - 1);
    plan->dst += loop.dst * (loop.size - 1);
    loop = {loop.size, -loop.src, -loop.dst};
  }
  int at = plan->ndim++;
  for (; at > 0 && plan->loops[at - 1].dst < loop.dst; --at) plan->loops[at] = plan->loops[at - 1];
  plan->loops[at] = loop;
}

/// Joins an outer loop with the next inner one where the outer continues it on both sides.
void MergeLoops(CopyPlan* plan) {
  int kept = 0;
  for (int d = 1; d < plan->ndim; ++d) {
    CopyLoop& outer = plan->loops[kept];
    const CopyLoop& inner = plan->loops[d];
    if (outer.src == inner.src * inner.size && outer.dst == inner.dst * inner.size) {
      outer = {outer.size * inner.size, inner.src, inner.dst};
    } else {
      plan->loops[++kept] = inner;
    }
  }
  if (plan->ndim > 0) plan->ndim = kept + 1;
}

void WidenElement(CopyPlan* plan) {
  if (plan->ndim == 0) return;
  const CopyLoop& inner = plan->loops[plan->ndim - 1];
  if (inner.src != plan->element || inner.dst != plan->element || inner.size > 16) return;
  const int64_t bytes = inner.size * plan->element;
  const bool is_power_of_two = (bytes & (bytes - 1)) == 0;
  if (bytes > 16 || !is_power_of_two) return;
  plan->element = bytes;
  --plan->ndim;
}

}  // namespace

CopyPlan MakeCopyPlan(const TensorView& src, const MutableTensorView& dst) {
  CopyPlan plan;
  plan.src = static_cast<const char*>(src.data);
  plan.dst = static_cast<char*>(dst.data);
  plan.element = ElementSize(src.dtype);
  plan.ndim = 0;
  for (int d = 0; d < src.ndim; ++d) {
    if (src.shape[d] == 1) continue;
    InsertLoop({src.shape[d], src.strides[d] * plan.element, dst.strides[d] * plan.element}, &plan);
  }
  MergeLoops(&plan);
  WidenElement(&plan);
  return plan;
}

}  // namespace paddlemend
