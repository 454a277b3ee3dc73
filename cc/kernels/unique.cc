#include "cc/kernels/unique.h"

#include <limits>
#include <memory>

#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/distinct_rows.h"
#include "cc/kernels/distinct_values.h"
#include "cc/kernels/slice_gather.h"

namespace paddlemend {
namespace {

/// An optional output of numbers: row-major memory for it, and how to write there.
class NumberOutput {
 public:
  explicit NumberOutput(const MutableTensorView* view) {
    if (view == nullptr) return;
    memory_ = std::make_unique<ContiguousOutput>(*view);
    if (view->dtype == DType::kInt64) {
      array_.wide = static_cast<int64_t*>(memory_->data());
    } else {
      array_.narrow = static_cast<int32_t*>(memory_->data());
    }
  }

  const NumberArray& array() const { return array_; }

  void Finish(const Context& context) const {
    if (memory_ != nullptr) memory_->Finish(context);
  }

 private:
  std::unique_ptr<ContiguousOutput> memory_;
  NumberArray array_;
};

Status CheckNumbers(const MutableTensorView& numbers, const char* name, int64_t n) {
  PM_RETURN_IF_ERROR(CheckIndexDType(numbers, name));
  if (numbers.ndim != 1 || numbers.shape[0] != n) {
    return InvalidArgument("the shape of ", name, " is ", ShapeString(numbers), ", expected [", n,
                           "]");
  }
  if (numbers.dtype == DType::kInt32 && n > std::numeric_limits<int32_t>::max()) {
    return InvalidArgument(name, " is of dtype int32, which cannot number ", n,
                           " values: expected int64");
  }
  return OkStatus();
}

/// Sets *position to the axis, or to -1 for the elements of x.
Status ReadAxis(const TensorView& x, IntSpan axis, int* position) {
  *position = -1;
  if (axis.size == 0) return OkStatus();
  if (axis.size > 1) return InvalidArgument("axis has ", axis.size, " entries, expected 0 or 1");
  if (x.ndim == 0) return OutOfRange("axis is ", axis[0], ", but x has no dimension");
  PM_RETURN_IF_ERROR(ResolveAxis(axis[0], x, position));
  if (Numel(x) == 0 && x.shape[*position] != 0) {
    return InvalidArgument("the slices of x of shape ", ShapeString(x), " along axis ", axis[0],
                           " have no elements");
  }
  return OkStatus();
}

Status CheckOutput(const TensorView& x, int axis, int64_t n, const MutableTensorView& out) {
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  if (axis >= 0) return CheckSameShape("x", x, "out", out);
  if (out.ndim == 1 && out.shape[0] == n) return OkStatus();
  return InvalidArgument("the shape of out is ", ShapeString(out), ", expected [", n, "]");
}

/// x with its slices along the axis as rows, in row-major memory.
void CopyRows(const TensorView& x, int axis, void* rows, const Context& context) {
  TensorView moved = x;
  moved.shape[0] = x.shape[axis];
  moved.strides[0] = x.strides[axis];
  for (int d = 0; d < axis; ++d) {
    moved.shape[d + 1] = x.shape[d];
    moved.strides[d + 1] = x.strides[d];
  }
  StridedCopy(moved, ContiguousView(moved, rows), context);
}

/// The first `count` slices of out = those of x at the places.
void GatherSlicesOf(const TensorView& x, int axis, const int64_t* places, int64_t count,
                    const MutableTensorView& out, const Context& context) {
  const ContiguousInput source(x, context);
  int64_t outer = 1;
  int64_t bytes = ElementSize(x.dtype);
  for (int d = 0; d < axis; ++d) outer *= x.shape[d];
  for (int d = axis + 1; d < x.ndim; ++d) bytes *= x.shape[d];
  MutableTensorView slices = out;
  slices.shape[axis] = count;
  const ContiguousOutput target(slices);
  GatherSlices(source.data(), outer, x.shape[axis], bytes, places, count, target.data(), context);
  target.Finish(context);
}

int64_t UniqueElements(const TensorView& x, const MutableTensorView& out,
                       const DistinctResults& results, const Context& context) {
  const ContiguousInput source(x, context);
  const ContiguousOutput target(out);
  const int64_t count =
      DistinctValues(x.dtype, source.data(), Numel(x), target.data(), results, context);
  target.Finish(context);
  return count;
}

int64_t UniqueSlices(const TensorView& x, int axis, const MutableTensorView& out,
                     const DistinctResults& results, const Context& context) {
  const int64_t n = x.shape[axis];
  const Buffer rows(ByteSize(x));
  CopyRows(x, axis, rows.data(), context);
  const Buffer places(n * sizeof(int64_t));
  auto* const first = static_cast<int64_t*>(places.data());
  const int64_t count =
      DistinctRows(x.dtype, rows.data(), n, Numel(x) / n, first, results, context);
  GatherSlicesOf(x, axis, first, count, out, context);
  return count;
}

}  // namespace

Status Unique(const TensorView& x, IntSpan axis, const MutableTensorView& out,
              const MutableTensorView* index, const MutableTensorView* inverse,
              const MutableTensorView* counts, int64_t* count, const Context& context) {
  if (RealsPerElement(x.dtype) == 2) {
    return UnsupportedDType("the dtype of x is ", DTypeName(x.dtype), ", expected a real one");
  }
  int position;
  PM_RETURN_IF_ERROR(ReadAxis(x, axis, &position));
  const int64_t n = position < 0 ? Numel(x) : x.shape[position];
  PM_RETURN_IF_ERROR(CheckOutput(x, position, n, out));
  if (index != nullptr) PM_RETURN_IF_ERROR(CheckNumbers(*index, "index", n));
  if (inverse != nullptr) PM_RETURN_IF_ERROR(CheckNumbers(*inverse, "inverse", n));
  if (counts != nullptr) PM_RETURN_IF_ERROR(CheckNumbers(*counts, "counts", n));
  *count = 0;
  if (n == 0) return OkStatus();
  const NumberOutput places(index);
  const NumberOutput numbers(inverse);
  const NumberOutput sizes(counts);
  const DistinctResults results{places.array(), numbers.array(), sizes.array()};
  // Slices of one element in a vector are elements.
  const bool is_flat = position < 0 || x.ndim == 1;
  *count = is_flat ? UniqueElements(x, out, results, context)
                   : UniqueSlices(x, position, out, results, context);
  for (const NumberOutput* output : {&places, &numbers, &sizes}) output->Finish(context);
  return OkStatus();
}

}  // namespace paddlemend
