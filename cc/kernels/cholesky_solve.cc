#include "cc/kernels/cholesky_solve.h"

#include <algorithm>

#include "cc/kernels/checks.h"
#include "cc/kernels/cholesky_systems.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/matrices.h"
#include "cc/kernels/strided_copy.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace {

template <typename T>
Systems<T> MakeSystems(const ContiguousInput& factors, const TensorView& y, bool upper,
                       const TensorLayout& out) {
  const TensorView rows = ContiguousView(y, const_cast<void*>(factors.data())).AsConst();
  return {static_cast<const T*>(factors.data()),
          BroadcastBatch(rows, out),
          BatchSize(out),
          Rows(out),
          Columns(out),
          upper};
}

Status CheckOperands(const char* x_name, const TensorLayout& x, const TensorLayout& y,
                     Shape* shape) {
  PM_RETURN_IF_ERROR(CheckMatrices(x_name, x));
  PM_RETURN_IF_ERROR(CheckSquareMatrices("y", y));
  if (Rows(x) != Rows(y)) {
    return InvalidArgument("the shape of ", x_name, " is ", ShapeString(x), ", expected ", Rows(y),
                           " rows, as y of shape ", ShapeString(y), " has");
  }
  shape->ndim = std::max(x.ndim, y.ndim);
  for (int d = 1; d <= shape->ndim; ++d) {
    const int64_t of_x = d <= x.ndim ? x.shape[x.ndim - d] : 1;
    const int64_t of_y = d <= y.ndim ? y.shape[y.ndim - d] : 1;
    int64_t& size = shape->dims[shape->ndim - d];
    size = d <= 2 || of_y == 1 ? of_x : of_y;
    if (d > 2 && of_x != of_y && of_x != 1 && of_y != 1) {
      return InvalidArgument("the shapes ", ShapeString(x), " of ", x_name, " and ", ShapeString(y),
                             " of y do not broadcast in their leading dimensions");
    }
  }
  int64_t numel;
  if (CheckedNumel(shape->dims.data(), shape->ndim, ElementSize(x.dtype), &numel))
    return OkStatus();
  return InvalidArgument("the result of shape ", ShapeString(shape->dims.data(), shape->ndim),
                         " has more than 2^63 - 1 bytes of dtype ", DTypeName(x.dtype));
}

bool HasShape(const TensorLayout& tensor, const Shape& shape) {
  return tensor.ndim == shape.ndim &&
         std::equal(shape.dims.begin(), shape.dims.begin() + shape.ndim, tensor.shape.begin());
}

Status CheckHasShape(const char* name, const TensorLayout& tensor, const Shape& shape) {
  if (HasShape(tensor, shape)) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(tensor), ", expected ",
                         ShapeString(shape.dims.data(), shape.ndim));
}

Status CheckGradient(const TensorLayout& out_grad, const TensorLayout& y, const TensorLayout& out,
                     const MutableTensorView* x_grad, const MutableTensorView* y_grad) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("out_grad", out_grad));
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "y", y));
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "out", out));
  PM_RETURN_IF_ERROR(CheckSameShape("out_grad", out_grad, "out", out));
  Shape shape;
  PM_RETURN_IF_ERROR(CheckOperands("out", out, y, &shape));
  PM_RETURN_IF_ERROR(CheckHasShape("out", out, shape));
  if (x_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", *x_grad));
    PM_RETURN_IF_ERROR(CheckOperands("x_grad", *x_grad, y, &shape));
    PM_RETURN_IF_ERROR(CheckHasShape("out_grad", out_grad, shape));
  }
  if (y_grad == nullptr) return OkStatus();
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "y_grad", *y_grad));
  return CheckSameShape("y", y, "y_grad", *y_grad);
}

/// The gradient of the factors, given that of the right-hand sides before it is summed.
template <typename T>
void FactorGradient(const Systems<T>& systems, const T* x_grad, const TensorView& out,
                    const MutableTensorView& y_grad, const Context& context) {
  const ContiguousInput solutions(out, context);
  MutableTensorView layout{systems.y, nullptr};
  SetContiguousStrides(&layout);
  const Buffer gradients(ByteSize(layout));
  T* const gradient = static_cast<T*>(gradients.data());
  FactorGradients(systems, x_grad, static_cast<const T*>(solutions.data()), gradient, context);
  SumToShape(ContiguousView(layout, gradient).AsConst(), y_grad, context);
}

}  // namespace

Status CholeskySolveShape(const TensorView& x, const TensorView& y, Shape* out) {
  return CheckOperands("x", x, y, out);
}

Status CholeskySolve(const TensorView& x, const TensorView& y, bool upper,
                     const MutableTensorView& out, const Context& context) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("x", x));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "y", y));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  Shape shape;
  PM_RETURN_IF_ERROR(CheckOperands("x", x, y, &shape));
  PM_RETURN_IF_ERROR(CheckHasShape("out", out, shape));
  if (Numel(out) == 0) return OkStatus();
  const ContiguousInput factors(y, context);
  const ContiguousOutput target(out);
  StridedCopy(BroadcastBatch(x, out), ContiguousView(out, target.data()), context);
  DispatchLinalgDType(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    SolveInPlace(MakeSystems<T>(factors, y, upper, out), static_cast<T*>(target.data()), context);
  });
  target.Finish(context);
  return OkStatus();
}

Status CholeskySolveGrad(const TensorView& out_grad, const TensorView& y, const TensorView& out,
                         bool upper, const MutableTensorView* x_grad,
                         const MutableTensorView* y_grad, const Context& context) {
  PM_RETURN_IF_ERROR(CheckGradient(out_grad, y, out, x_grad, y_grad));
  if (Rows(y) == 0) return OkStatus();  // no output has an element
  const ContiguousInput factors(y, context);
  const Buffer solved(ByteSize(out_grad));
  const MutableTensorView solved_view = ContiguousView(out_grad, solved.data());
  StridedCopy(out_grad, solved_view, context);
  DispatchLinalgDType(out_grad.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto systems = MakeSystems<T>(factors, y, upper, out_grad);
    T* const gradient = static_cast<T*>(solved.data());
    SolveInPlace(systems, gradient, context);
    if (y_grad != nullptr) FactorGradient<T>(systems, gradient, out, *y_grad, context);
  });
  if (x_grad != nullptr) SumToShape(solved_view.AsConst(), *x_grad, context);
  return OkStatus();
}

}  // namespace paddlemend
