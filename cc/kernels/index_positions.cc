#include "cc/kernels/index_positions.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "cc/kernels/index_numbers.h"

namespace paddlemend {
namespace {

Status CheckMask(const TensorLayout& mask, const std::string& name, const TensorLayout& x,
                 const char* x_name, int first) {
  TensorLayout expected = x;
  expected.ndim = mask.ndim;
  std::copy_n(x.shape.begin() + first, mask.ndim, expected.shape.begin());
  if (SameShape(mask, expected)) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(mask), ", expected ",
                         ShapeString(expected), ", dimensions ", first, " to ",
                         first + mask.ndim - 1, " of ", x_name, " ", ShapeString(x),
                         ", because it is a mask");
}

/// Makes the list of indices, whose steps are not set yet. *indexed becomes the number of the
/// dimensions of x they index.
Status ReadIndices(TensorList list, const char* name, const TensorLayout& x, const char* x_name,
                   const Context& context, std::vector<IndexTensor>* indices, int* indexed) {
  for (int64_t i = 0; i < list.size; ++i) {
    IndexTensor index{list[i], 1, 1, name + ("[" + std::to_string(i) + "]"), nullptr};
    const DType dtype = index.view.dtype;
    if (dtype != DType::kBool && dtype != DType::kInt32 && dtype != DType::kInt64) {
      return UnsupportedDType("the dtype of ", index.name, " is ", DTypeName(dtype),
                              ", expected bool, int32 or int64");
    }
    const int first = *indexed;
    *indexed += dtype == DType::kBool ? index.view.ndim : 1;
    if (*indexed > x.ndim) {
      return InvalidArgument(name, " indexes ", *indexed, " dimensions or more, but ", x_name,
                             " of shape ", ShapeString(x), " has ", x.ndim);
    }
    if (dtype == DType::kBool) {
      PM_RETURN_IF_ERROR(CheckMask(index.view, index.name, x, x_name, first));
      ReadMask(&index, context);
    }
    for (int d = first; d < *indexed; ++d) index.size *= x.shape[d];
    indices->push_back(std::move(index));
  }
  return OkStatus();
}

/// Broadcasts the shape of `index` and *shape, the one of those before it.
Status BroadcastShape(const IndexTensor& index, Shape* shape) {
  const int ndim = std::max(shape->ndim, index.view.ndim);
  Dims result;
  for (int d = 1; d <= ndim; ++d) {
    const int64_t a = d > shape->ndim ? 1 : shape->dims[shape->ndim - d];
    const int64_t b = d > index.view.ndim ? 1 : index.view.shape[index.view.ndim - d];
    if (a != b && a != 1 && b != 1) {
      return InvalidArgument(
          "the shape ", ShapeString(index.view), " of ", index.name, " does not broadcast with ",
          ShapeString(shape->dims.data(), shape->ndim), ", that of the indices before it");
    }
    result[ndim - d] = a == 1 ? b : a;
  }
  *shape = {ndim, result};
  return OkStatus();
}

}  // namespace

void IndexPositions::SetShape(const Shape& indices, const TensorLayout& x, int indexed) {
  for (int d = 0; d < x.ndim; ++d) (d < indexed ? size_ : slice_) *= x.shape[d];
  slice_ndim_ = x.ndim - indexed;
  result_shape_.ndim = indices.ndim + slice_ndim_;
  count_ = -1;
  if (result_shape_.ndim > kMaxNdim) return;
  std::copy_n(indices.dims.begin(), indices.ndim, result_shape_.dims.begin());
  std::copy(x.shape.begin() + indexed, x.shape.begin() + x.ndim,
            result_shape_.dims.begin() + indices.ndim);
  int64_t numel;
  if (!CheckedNumel(result_shape_.dims.data(), result_shape_.ndim, ElementSize(x.dtype), &numel) ||
      !CheckedNumel(indices.dims.data(), indices.ndim, sizeof(int64_t), &count_)) {
    count_ = -1;
  }
}

Status IndexPositions::Read(TensorList list, const char* name, const TensorLayout& x,
                            const char* x_name, const Context& context) {
  if (list.size == 0) {
    return InvalidArgument(name, " is empty, expected at least one index tensor");
  }
  std::vector<IndexTensor> indices;
  int indexed = 0;
  PM_RETURN_IF_ERROR(ReadIndices(list, name, x, x_name, context, &indices, &indexed));
  Shape shape;
  for (const IndexTensor& index : indices) PM_RETURN_IF_ERROR(BroadcastShape(index, &shape));
  SetShape(shape, x, indexed);
  if (count_ < 0) {
    return InvalidArgument(name, " of broadcast shape ", ShapeString(shape.dims.data(), shape.ndim),
                           " selects more from ", x_name, " of shape ", ShapeString(x),
                           " than a tensor can hold");
  }
  if (count_ == 0) return OkStatus();
  int64_t step = 1;
  for (auto index = indices.rbegin(); index != indices.rend(); ++index) {
    index->step = step;
    step *= index->size;
  }
  is_wide_ = size_ > std::numeric_limits<int32_t>::max();
  numbers_ = std::make_unique<Buffer>(
      count_ * static_cast<int64_t>(is_wide_ ? sizeof(int64_t) : sizeof(int32_t)));
  if (is_wide_) {
    return ComputeNumbers(indices, shape, count_, static_cast<int64_t*>(numbers_->data()), context);
  }
  return ComputeNumbers(indices, shape, count_, static_cast<int32_t*>(numbers_->data()), context);
}

}  // namespace paddlemend
