#include "cc/kernels/as_strided.h"

#include <algorithm>

#include "cc/kernels/checks.h"
#include "cc/kernels/strided_adjoint.h"
#include "cc/kernels/strided_copy.h"

namespace paddlemend {
namespace {

/// Reads `stride` for the shape already in *view, and `offset`, both named for messages.
Status ReadStrides(IntSpan stride, const char* stride_name, int64_t offset, const char* offset_name,
                   const char* shape_name, TensorLayout* view) {
  if (stride.size != view->ndim) {
    return InvalidArgument(stride_name, " has ", stride.size, " entries, expected ", view->ndim,
                           ", one for each of ", shape_name, " ", ShapeString(*view));
  }
  std::copy_n(stride.data, stride.size, view->strides.begin());
  const int64_t element = ElementSize(view->dtype);
  if (offset < 0 || offset % element != 0) {
    return InvalidArgument(offset_name, " is ", offset, " bytes, expected a multiple >= 0 of ",
                           element, ", the size of an element of ", DTypeName(view->dtype));
  }
  return OkStatus();
}

Status CheckNotNegative(const char* name, IntSpan values) {
  for (int64_t i = 0; i < values.size; ++i) {
    if (values[i] < 0) {
      return InvalidArgument(name, "[", i, "] is ", values[i], ", expected ", name, " >= 0");
    }
  }
  return OkStatus();
}

/// Sets *first and *last to the bytes, from the start of the allocation, between which the elements
/// lie. Returns false if that overflows.
bool FindExtent(const TensorLayout& view, int64_t offset, int64_t* first, int64_t* last) {
  const int64_t element = ElementSize(view.dtype);
  *first = offset;
  if (__builtin_add_overflow(offset, element, last)) return false;
  for (int d = 0; d < view.ndim; ++d) {
    int64_t reach;
    int64_t* const end = view.strides[d] < 0 ? first : last;
    if (__builtin_mul_overflow(view.strides[d], view.shape[d] - 1, &reach) ||
        __builtin_mul_overflow(reach, element, &reach) ||
        __builtin_add_overflow(*end, reach, end)) {
      return false;
    }
  }
  return true;
}

/// FindExtent of a view that is not empty.
Status ReadExtent(const TensorLayout& view, const char* name, int64_t offset, int64_t* first,
                  int64_t* last) {
  if (FindExtent(view, offset, first, last)) return OkStatus();
  return InvalidArgument(name, " of shape ", ShapeString(view), ", strides ",
                         ShapeString(view.strides.data(), view.ndim), " and offset ", offset,
                         " spans more than 2^63 - 1 bytes");
}

/// Describes the view in *view, whose dtype is set.
Status ReadView(IntSpan shape, IntSpan stride, int64_t offset, TensorLayout* view) {
  if (shape.size > kMaxNdim) {
    return InvalidArgument("shape has ", shape.size, " entries, expected at most ", kMaxNdim);
  }
  PM_RETURN_IF_ERROR(CheckNotNegative("shape", shape));
  PM_RETURN_IF_ERROR(CheckNotNegative("stride", stride));
  view->ndim = static_cast<int>(shape.size);
  std::copy_n(shape.data, shape.size, view->shape.begin());
  int64_t numel;
  if (!CheckedNumel(shape.data, view->ndim, ElementSize(view->dtype), &numel)) {
    return InvalidArgument("shape is ", ShapeString(*view), ", more than 2^63 - 1 bytes");
  }
  return ReadStrides(stride, "stride", offset, "offset", "shape", view);
}

}  // namespace

Status AsStrided(const TensorView& memory, IntSpan shape, IntSpan stride, int64_t offset,
                 TensorView* out) {
  if (!IsContiguous(memory)) {
    return InvalidArgument("memory has strides ", ShapeString(memory.strides.data(), memory.ndim),
                           " for its shape ", ShapeString(memory),
                           ", expected a row-major tensor without gaps");
  }
  TensorView view{memory, nullptr};
  PM_RETURN_IF_ERROR(ReadView(shape, stride, offset, &view));
  if (Numel(view) > 0) {
    int64_t first, last;
    PM_RETURN_IF_ERROR(ReadExtent(view, "the view", offset, &first, &last));
    const int64_t bytes = Numel(memory) * ElementSize(memory.dtype);
    if (last > bytes) {
      return InvalidArgument("the view of shape ", ShapeString(view), ", stride ",
                             ShapeString(view.strides.data(), view.ndim), " and offset ", offset,
                             " ends at byte ", last, ", but its memory has ", bytes, " bytes");
    }
    if (memory.data != nullptr) view.data = static_cast<const char*>(memory.data) + offset;
  }
  *out = view;
  return OkStatus();
}

Status AsStridedCopyShape(const TensorView& memory, IntSpan shape, IntSpan stride, int64_t offset,
                          Shape* out) {
  TensorView view;
  PM_RETURN_IF_ERROR(AsStrided(memory, shape, stride, offset, &view));
  *out = Shape{view.ndim, view.shape};
  return OkStatus();
}

Status AsStridedCopy(const TensorView& memory, IntSpan shape, IntSpan stride, int64_t offset,
                     const MutableTensorView& out, const Context& context) {
  TensorView view;
  PM_RETURN_IF_ERROR(AsStrided(memory, shape, stride, offset, &view));
  PM_RETURN_IF_ERROR(CheckSameDType("memory", memory, "out", out));
  if (!SameShape(view, out)) {
    return InvalidArgument("the shape of out is ", ShapeString(out), ", expected ",
                           ShapeString(view));
  }
  StridedCopy(view, out, context);
  return OkStatus();
}

Status AsStridedGrad(const TensorView& out_grad, IntSpan stride, int64_t offset, IntSpan x_stride,
                     int64_t x_offset, const MutableTensorView& x_grad, const Context& context) {
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", x_grad));
  PM_RETURN_IF_ERROR(CheckNotNegative("stride", stride));
  TensorLayout view = out_grad;
  PM_RETURN_IF_ERROR(
      ReadStrides(stride, "stride", offset, "offset", "the shape of out_grad", &view));
  TensorLayout x = x_grad;
  PM_RETURN_IF_ERROR(
      ReadStrides(x_stride, "x_stride", x_offset, "x_offset", "the shape of x_grad", &x));
  int64_t view_first = 0, view_last = 0, x_first = 0, x_last = 0;
  if (Numel(view) > 0) {
    PM_RETURN_IF_ERROR(ReadExtent(view, "the view", offset, &view_first, &view_last));
  }
  if (Numel(x) == 0) return OkStatus();
  PM_RETURN_IF_ERROR(ReadExtent(x, "x", x_offset, &x_first, &x_last));
  if (x_first < 0) {
    return InvalidArgument("x of shape ", ShapeString(x), ", x_stride ",
                           ShapeString(x.strides.data(), x.ndim), " and x_offset ", x_offset,
                           " starts at byte ", x_first, ", before the allocation");
  }
  const int64_t element = ElementSize(x.dtype);
  const AddressedLayout x_places{x, (x_offset - x_first) / element, (x_last - x_first) / element};
  StridedAdjoint(out_grad, view.strides, (offset - x_first) / element, x_places, x_grad, context);
  return OkStatus();
}

}  // namespace paddlemend
