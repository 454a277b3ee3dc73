#include "cc/kernels/index_add.h"

#include <algorithm>

#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/index_list.h"
#include "cc/kernels/slice_add.h"
#include "cc/kernels/slice_gather.h"

namespace paddlemend {
namespace {

/// `value` has the shape of `x` with the number of indices along the axis.
Status CheckValueShape(const TensorLayout& x, const char* x_name, int axis, int64_t count,
                       const TensorLayout& value, const char* value_name) {
  TensorLayout expected = x;
  if (x.ndim > 0) expected.shape[axis] = count;
  if (x.ndim == 0 && count != 1) {
    return InvalidArgument("index has ", count, " entries, expected 1, because ", x_name,
                           " has no dimension");
  }
  if (SameShape(expected, value)) return OkStatus();
  return InvalidArgument("the shape of ", value_name, " is ", ShapeString(value), ", expected ",
                         ShapeString(expected), ", that of ", x_name, " ", ShapeString(x),
                         " with the number of indices, ", count, ", along axis ", axis);
}

/// A view as [outer, size, inner] around the axis.
struct AxisSplit {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};

AxisSplit SplitAtAxis(const TensorLayout& x, int axis) {
  AxisSplit split;
  for (int d = 0; d < x.ndim; ++d) {
    (d < axis ? split.outer : d == axis ? split.size : split.inner) *= x.shape[d];
  }
  return split;
}

}  // namespace

Status IndexAdd(const TensorView& x, const TensorView& index, int64_t axis, const TensorView& value,
                const MutableTensorView& out, const Context& context) {
  int position = 0;
  PM_RETURN_IF_ERROR(ResolveAxis(axis, x, &position));
  PM_RETURN_IF_ERROR(IndexList::CheckLayout(index, "index"));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "value", value));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  PM_RETURN_IF_ERROR(CheckValueShape(x, "x", position, Numel(index), value, "value"));
  PM_RETURN_IF_ERROR(CheckSameShape("x", x, "out", out));
  if (Numel(x) == 0 && x.ndim > 1) return OkStatus();
  const AxisSplit split = SplitAtAxis(x, position);
  IndexList indices;
  PM_RETURN_IF_ERROR(indices.Read(index, "index", split.size));
  if (Numel(x) == 0) return OkStatus();

  const ContiguousInput contiguous_value(value, context);
  const ContiguousOutput contiguous_out(out);
  const void* start = x.data;
  if (!IsContiguous(x)) {
    StridedCopy(x, ContiguousView(x, contiguous_out.data()), context);
    start = contiguous_out.data();
  }
  const SliceAddShape shape{x.dtype, split.outer, split.size, indices.count(), split.inner};
  AddSlices(shape, start, indices.data(), contiguous_value.data(), contiguous_out.data(), context);
  contiguous_out.Finish(context);
  return OkStatus();
}

Status IndexAddGrad(const TensorView& out_grad, const TensorView& index, int64_t axis,
                    const MutableTensorView* x_grad, const MutableTensorView* value_grad,
                    const Context& context) {
  int position = 0;
  PM_RETURN_IF_ERROR(ResolveAxis(axis, out_grad, &position));
  PM_RETURN_IF_ERROR(IndexList::CheckLayout(index, "index"));
  const AxisSplit split = SplitAtAxis(out_grad, position);
  IndexList indices;
  if (x_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", *x_grad));
    PM_RETURN_IF_ERROR(CheckSameShape("out_grad", out_grad, "x_grad", *x_grad));
  }
  if (value_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "value_grad", *value_grad));
    PM_RETURN_IF_ERROR(
        CheckValueShape(out_grad, "out_grad", position, Numel(index), *value_grad, "value_grad"));
    PM_RETURN_IF_ERROR(indices.Read(index, "index", split.size));
    const ContiguousInput source(out_grad, context);
    const ContiguousOutput target(*value_grad);
    GatherSlices(source.data(), split.outer, split.size, split.inner * ElementSize(out_grad.dtype),
                 indices.data(), indices.count(), target.data(), context);
    target.Finish(context);
  }
  if (x_grad != nullptr && !IsSameView(out_grad, *x_grad)) {
    StridedCopy(out_grad, *x_grad, context);
  }
  return OkStatus();
}

}  // namespace paddlemend
