#include "cc/kernels/index_put.h"

#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/index_positions.h"
#include "cc/kernels/slice_add.h"
#include "cc/kernels/slice_gather.h"
#include "cc/kernels/slice_put.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace {

/// `value` broadcasts to the places that are written.
Status CheckValueShape(const TensorLayout& value, const char* name, const Shape& places) {
  bool fits = value.ndim <= places.ndim;
  for (int d = 1; fits && d <= value.ndim; ++d) {
    const int64_t size = value.shape[value.ndim - d];
    fits = size == 1 || size == places.dims[places.ndim - d];
  }
  if (fits) return OkStatus();
  return InvalidArgument("the shape ", ShapeString(value), " of ", name, " does not broadcast to ",
                         ShapeString(places.dims.data(), places.ndim),
                         ", the shape of the indices and the dimensions that are not indexed");
}

/// `value` repeated to the last `ndim` of the places' dimensions.
TensorView BroadcastValue(const TensorView& value, const Shape& places, int ndim) {
  TensorView result = value;
  result.ndim = ndim;
  for (int d = 1; d <= ndim; ++d) {
    const bool repeats = d > value.ndim || value.shape[value.ndim - d] == 1;
    result.shape[ndim - d] = places.dims[places.ndim - d];
    result.strides[ndim - d] = repeats ? 0 : value.strides[value.ndim - d];
  }
  return result;
}

/// Whether every slice gets the same values: those of the last `slice_ndim` dimensions.
bool IsOneSlice(const TensorLayout& value, int slice_ndim) {
  for (int d = 0; d < value.ndim - slice_ndim; ++d) {
    if (value.shape[d] != 1) return false;
  }
  return true;
}

/// Row-major memory of `out` that holds x.
class CopyOfX {
 public:
  CopyOfX(const TensorView& x, const MutableTensorView& out, const Context& context) : out_(out) {
    if (IsSameView(x, out) && out_.data() == out.data) return;
    StridedCopy(x, ContiguousView(out, out_.data()), context);
  }

  void* data() const { return out_.data(); }
  void Finish(const Context& context) const { out_.Finish(context); }

 private:
  const ContiguousOutput out_;
};

void Assign(const TensorView& x, const IndexPositions& positions, const TensorView& value,
            const MutableTensorView& out, const Context& context) {
  const Shape& places = positions.result_shape();
  const int slice_ndim = positions.slice_ndim();
  const bool is_one = IsOneSlice(value, slice_ndim);
  const ContiguousInput slices(BroadcastValue(value, places, is_one ? slice_ndim : places.ndim),
                               context);
  const CopyOfX target(x, out, context);
  const int64_t bytes = positions.slice() * ElementSize(x.dtype);
  const SliceSource source{slices.data(), positions.count(), bytes, is_one ? 0 : bytes};
  positions.WithNumbers([&](const auto* numbers) {
    PutSlices(source, numbers, positions.size(), target.data(), context);
  });
  target.Finish(context);
}

void Accumulate(const TensorView& x, const IndexPositions& positions, const TensorView& value,
                const MutableTensorView& out, const Context& context) {
  const Shape& places = positions.result_shape();
  const ContiguousInput slices(BroadcastValue(value, places, places.ndim), context);
  const ContiguousOutput target(out);
  const void* start = x.data;
  if (!IsContiguous(x)) {
    StridedCopy(x, ContiguousView(x, target.data()), context);
    start = target.data();
  }
  const SliceAddShape shape{x.dtype, 1, positions.size(), positions.count(), positions.slice()};
  positions.WithNumbers([&](const auto* numbers) {
    AddSlices(shape, start, numbers, slices.data(), target.data(), context);
  });
  target.Finish(context);
}

/// value_grad = the sum of the slices of out_grad at the positions.
void GatherValueGrad(const TensorView& out_grad, const IndexPositions& positions,
                     const MutableTensorView& value_grad, const Context& context) {
  const Shape& places = positions.result_shape();
  MutableTensorView gathered{value_grad, nullptr};
  gathered.ndim = places.ndim;
  gathered.shape = places.dims;
  const ContiguousInput source(out_grad, context);
  const auto gather = [&](void* to) {
    positions.WithNumbers([&](const auto* numbers) {
      GatherSlices(source.data(), 1, positions.size(),
                   positions.slice() * ElementSize(out_grad.dtype), numbers, positions.count(), to,
                   context);
    });
  };
  if (Numel(gathered) == Numel(value_grad)) {
    const ContiguousOutput target(value_grad);
    gather(target.data());
    target.Finish(context);
    return;
  }
  const Buffer buffer(ByteSize(gathered));
  gather(buffer.data());
  SumToShape(ContiguousView(gathered, buffer.data()).AsConst(), value_grad, context);
}

}  // namespace

Status IndexPut(const TensorView& x, TensorList indices, const TensorView& value, bool accumulate,
                const MutableTensorView& out, const Context& context) {
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "value", value));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  PM_RETURN_IF_ERROR(CheckSameShape("x", x, "out", out));
  IndexPositions positions;
  PM_RETURN_IF_ERROR(positions.Read(indices, "indices", x, "x", context));
  PM_RETURN_IF_ERROR(CheckValueShape(value, "value", positions.result_shape()));
  if (Numel(x) == 0) return OkStatus();
  if (accumulate) {
    Accumulate(x, positions, value, out, context);
  } else {
    Assign(x, positions, value, out, context);
  }
  return OkStatus();
}

Status IndexPutGrad(const TensorView& out_grad, TensorList indices, bool accumulate,
                    const MutableTensorView* x_grad, const MutableTensorView* value_grad,
                    const Context& context) {
  if (x_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", *x_grad));
    PM_RETURN_IF_ERROR(CheckSameShape("out_grad", out_grad, "x_grad", *x_grad));
  }
  IndexPositions positions;
  PM_RETURN_IF_ERROR(positions.Read(indices, "indices", out_grad, "out_grad", context));
  if (value_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "value_grad", *value_grad));
    PM_RETURN_IF_ERROR(CheckValueShape(*value_grad, "value_grad", positions.result_shape()));
    GatherValueGrad(out_grad, positions, *value_grad, context);
  }
  if (x_grad == nullptr || Numel(out_grad) == 0) return OkStatus();
  const CopyOfX target(out_grad, *x_grad, context);
  if (!accumulate) {
    MutableTensorView slice{out_grad, nullptr};
    slice.ndim = 1;
    slice.shape[0] = positions.slice();
    const Buffer zeros(ByteSize(slice));
    slice = ContiguousView(slice, zeros.data());
    FillZero(slice, context);
    const SliceSource source{zeros.data(), positions.count(), ByteSize(slice), 0};
    positions.WithNumbers([&](const auto* numbers) {
      PutSlices(source, numbers, positions.size(), target.data(), context);
    });
  }
  target.Finish(context);
  return OkStatus();
}

}  // namespace paddlemend
