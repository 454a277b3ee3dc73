#include "cc/kernels/copysign.h"

#include "cc/kernels/broadcast.h"
#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/copysign_elements.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace {

Status CheckGradOutput(const TensorView& x, const char* x_name, const MutableTensorView& grad,
                       const char* grad_name) {
  PM_RETURN_IF_ERROR(CheckSameDType(x_name, x, grad_name, grad));
  return CheckSameShape(x_name, x, grad_name, grad);
}

}  // namespace

Status CopysignShape(const TensorView& x, const TensorView& y, Shape* out) {
  return BroadcastShapes("x", x, "y", y, out);
}

Status Copysign(const TensorView& x, const TensorView& y, const MutableTensorView& out,
                const Context& context) {
  if (RealsPerElement(x.dtype) == 2) {
    return UnsupportedDType("the dtype of x is ", DTypeName(x.dtype), ", expected a real one");
  }
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "y", y));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  TensorView view;
  if (!BroadcastView(x, out, &view)) return DoesNotBroadcast("x", x, "out", out);
  if (!BroadcastView(y, out, &view)) return DoesNotBroadcast("y", y, "out", out);
  if (Numel(out) == 0) return OkStatus();
  if (x.dtype == DType::kBool || x.dtype == DType::kUInt8) {
    if (SameShape(x, out) && IsSameView(x, out)) return OkStatus();
    BroadcastView(x, out, &view);
    StridedCopy(view, out, context);
    return OkStatus();
  }
  const ContiguousOutput target(out);
  CopySigns(x, y, out, target.data(), context);
  target.Finish(context);
  return OkStatus();
}

Status CopysignGrad(const TensorView& x, const TensorView& y, const TensorView& out_grad,
                    const MutableTensorView* x_grad, const MutableTensorView* y_grad,
                    const Context& context) {
  if (!IsFloating(x.dtype)) {
    return UnsupportedDType("the dtype of x is ", DTypeName(x.dtype),
                            ", expected a floating point one");
  }
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "y", y));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out_grad", out_grad));
  TensorLayout out = x;
  Shape shape;
  PM_RETURN_IF_ERROR(CopysignShape(x, y, &shape));
  out.ndim = shape.ndim;
  out.shape = shape.dims;
  PM_RETURN_IF_ERROR(CheckSameShape("copysign(x, y)", out, "out_grad", out_grad));
  if (x_grad != nullptr) PM_RETURN_IF_ERROR(CheckGradOutput(x, "x", *x_grad, "x_grad"));
  if (y_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckGradOutput(y, "y", *y_grad, "y_grad"));
    FillZero(*y_grad, context);
  }
  if (x_grad == nullptr) return OkStatus();
  if (Numel(out_grad) == 0) {
    FillZero(*x_grad, context);
  } else if (SameShape(x, out_grad)) {
    const ContiguousOutput target(*x_grad);
    SignGradients(x, y, out_grad, target.data(), context);
    target.Finish(context);
  } else {
    const Buffer every(ByteSize(out_grad));
    SignGradients(x, y, out_grad, every.data(), context);
    SumToShape(ContiguousView(out_grad, every.data()).AsConst(), *x_grad, context);
  }
  return OkStatus();
}

}  // namespace paddlemend
