#include "cc/kernels/expand.h"

#include "cc/kernels/broadcast.h"
#include "cc/kernels/checks.h"
#include "cc/kernels/strided_copy.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace {

/// The size of dimension `position` of the result for a valid entry of the target shape.
Status ResultSize(const TensorView& x, IntSpan shape, int64_t position, int64_t* size) {
  const int64_t wanted = shape[position];
  const int64_t dimension = position - (shape.size - x.ndim);
  if (wanted < -1) {
    return InvalidArgument("shape[", position, "] is ", wanted,
                           ", expected a size >= 0, or -1 to keep the size of x");
  }
  if (dimension < 0) {
    if (wanted == -1) {
      return InvalidArgument("shape[", position, "] is -1, but x of shape ", ShapeString(x),
                             " has no dimension there to keep");
    }
    *size = wanted;
    return OkStatus();
  }
  const int64_t existing = x.shape[dimension];
  if (wanted != -1 && wanted != existing && existing != 1) {
    return InvalidArgument("shape[", position, "] is ", wanted, ", but dimension ", dimension,
                           " of x has size ", existing, ": expected ", existing, " or -1");
  }
  *size = wanted == -1 ? existing : wanted;
  return OkStatus();
}

}  // namespace

Status ExpandShape(const TensorView& x, IntSpan shape, Shape* out) {
  if (shape.size < x.ndim) {
    return InvalidArgument("shape has ", shape.size, " entries, expected at least ", x.ndim,
                           ", the number of dimensions of x of shape ", ShapeString(x));
  }
  if (shape.size > kMaxNdim) {
    return InvalidArgument("shape has ", shape.size, " entries, expected at most ", kMaxNdim);
  }
  out->ndim = static_cast<int>(shape.size);
  for (int position = 0; position < out->ndim; ++position) {
    PM_RETURN_IF_ERROR(ResultSize(x, shape, position, &out->dims[position]));
  }
  int64_t numel;
  if (!CheckedNumel(out->dims.data(), out->ndim, ElementSize(x.dtype), &numel)) {
    return InvalidArgument("shape ", ShapeString(out->dims.data(), out->ndim),
                           " has more than 2^63 - 1 bytes of dtype ", DTypeName(x.dtype));
  }
  return OkStatus();
}

Status Expand(const TensorView& x, const MutableTensorView& out, const Context& context) {
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  TensorView broadcast;
  if (!BroadcastView(x, out, &broadcast)) return DoesNotBroadcast("x", x, "out", out);
  StridedCopy(broadcast, out, context);
  return OkStatus();
}

Status ExpandGrad(const TensorView& out_grad, const MutableTensorView& x_grad,
                  const Context& context) {
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", x_grad));
  TensorView broadcast;
  if (!BroadcastView(x_grad.AsConst(), out_grad, &broadcast)) {
    return DoesNotBroadcast("x_grad", x_grad, "out_grad", out_grad);
  }
  SumToShape(out_grad, x_grad, context);
  return OkStatus();
}

}  // namespace paddlemend
