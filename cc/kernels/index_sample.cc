#include "cc/kernels/index_sample.h"

#include "cc/kernels/along_axis.h"
#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/gather_along_axis.h"
#include "cc/kernels/scatter_along_axis.h"

namespace paddlemend {
namespace {

/// x is a matrix, and index one with as many rows, or none.
Status CheckMatrices(const TensorLayout& x, const char* x_name, const TensorLayout& index) {
  if (x.ndim != 2) {
    return InvalidArgument(x_name, " has shape ", ShapeString(x), ", expected two dimensions");
  }
  if (index.ndim == 2 && (index.shape[0] == x.shape[0] || index.shape[0] == 0)) return OkStatus();
  return InvalidArgument("the shape of index is ", ShapeString(index), ", expected [", x.shape[0],
                         ", M], with as many rows as ", x_name, " ", ShapeString(x), ", or [0, M]");
}

}  // namespace

Status IndexSampleShape(const TensorView& x, const TensorView& index, Shape* out) {
  PM_RETURN_IF_ERROR(CheckMatrices(x, "x", index));
  out->ndim = index.ndim;
  out->dims = index.shape;
  return OkStatus();
}

Status IndexSample(const TensorView& x, const TensorView& index, const MutableTensorView& out,
                   const Context& context) {
  PM_RETURN_IF_ERROR(CheckMatrices(x, "x", index));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  PM_RETURN_IF_ERROR(CheckSameShape("index", index, "out", out));
  AlongAxis plan;
  PM_RETURN_IF_ERROR(plan.Init(x, "x", index, 1, NegativeIndex::kIsAnError, context));
  if (Numel(index) == 0) return OkStatus();
  const ContiguousInput contiguous_x(x, context);
  const ContiguousOutput contiguous_out(out);
  GatherAlongAxis(plan, x.dtype, contiguous_x.data(), contiguous_out.data(), context);
  contiguous_out.Finish(context);
  return OkStatus();
}

Status IndexSampleGrad(const TensorView& out_grad, const TensorView& index,
                       const MutableTensorView& x_grad, const Context& context) {
  PM_RETURN_IF_ERROR(CheckMatrices(x_grad, "x_grad", index));
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", x_grad));
  PM_RETURN_IF_ERROR(CheckSameShape("index", index, "out_grad", out_grad));
  AlongAxis plan;
  PM_RETURN_IF_ERROR(plan.Init(x_grad, "x_grad", index, 1, NegativeIndex::kIsAnError, context));
  if (Numel(x_grad) == 0) return OkStatus();
  const ContiguousInput contiguous_out_grad(out_grad, context);
  const ContiguousOutput contiguous_x_grad(x_grad);
  ScatterAlongAxis(plan, x_grad.dtype, Reduction::kAdd, /*include_self=*/true, nullptr,
                   contiguous_out_grad.data(), contiguous_x_grad.data(), context);
  contiguous_x_grad.Finish(context);
  return OkStatus();
}

}  // namespace paddlemend
