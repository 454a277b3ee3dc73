#include "cc/kernels/tensor_view.h"

#include <algorithm>
#include <cstdlib>

namespace paddlemend {

bool CheckedNumel(const int64_t* sizes, int ndim, int64_t element_size, int64_t* numel) {
  int64_t bytes = element_size;
  bool empty = false;
  for (int d = 0; d < ndim; ++d) {
    empty |= sizes[d] == 0;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(sizes[d], 1), &bytes)) return false;
  }
  *numel = empty ? 0 : bytes / element_size;
  return true;
}

int64_t Numel(const TensorLayout& layout) {
  int64_t numel = 1;
  for (int d = 0; d < layout.ndim; ++d) numel *= layout.shape[d];
  return numel;
}

bool IsContiguous(const TensorLayout& layout) {
  int64_t expected = 1;
  bool contiguous = true;
  for (int d = layout.ndim - 1; d >= 0; --d) {
    if (layout.shape[d] == 0) return true;
    if (layout.shape[d] == 1) continue;
    contiguous &= layout.strides[d] == expected;
    expected *= layout.shape[d];
  }
  return contiguous;
}

bool SameShape(const TensorLayout& a, const TensorLayout& b) {
  return a.ndim == b.ndim && std::equal(a.shape.begin(), a.shape.begin() + a.ndim, b.shape.begin());
}

bool IsSameView(const TensorView& input, const MutableTensorView& output) {
  return input.data == output.data &&
         std::equal(input.strides.begin(), input.strides.begin() + input.ndim,
                    output.strides.begin());
}

bool HasRepeatedElements(const TensorLayout& layout) {
  bool repeated = false;
  for (int d = 0; d < layout.ndim; ++d) {
    if (layout.shape[d] == 0) return false;
    repeated |= layout.shape[d] > 1 && layout.strides[d] == 0;
  }
  return repeated;
}

bool MayRepeatElements(const TensorLayout& layout) {
  int dimensions[kMaxNdim];
  int count = 0;
  for (int d = 0; d < layout.ndim; ++d) {
    if (layout.shape[d] == 0) return false;
    if (layout.shape[d] > 1) dimensions[count++] = d;
  }
  std::sort(dimensions, dimensions + count, [&](int a, int b) {
    return std::abs(layout.strides[a]) < std::abs(layout.strides[b]);
  });
  // Each step must be longer than all steps of the dimensions with shorter ones together.
  int64_t reach = 0;
  for (int i = 0; i < count; ++i) {
    const int64_t stride = std::abs(layout.strides[dimensions[i]]);
    if (stride <= reach) return true;
    reach += (layout.shape[dimensions[i]] - 1) * stride;
  }
  return false;
}

void SetContiguousStrides(TensorLayout* layout) {
  int64_t stride = 1;
  for (int d = layout->ndim - 1; d >= 0; --d) {
    layout->strides[d] = stride;
    stride *= std::max<int64_t>(layout->shape[d], 1);
  }
}

std::string ShapeString(const int64_t* sizes, int64_t ndim) {
  std::string text = "[";
  for (int64_t d = 0; d < ndim; ++d) {
    if (d > 0) text += ", ";
    text += std::to_string(sizes[d]);
  }
  return text + "]";
}

std::string ShapeString(const TensorLayout& layout) {
  return ShapeString(layout.shape.data(), layout.ndim);
}

}  // namespace paddlemend
