#include "cc/kernels/tensor_view.h"

#include <algorithm>

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

bool HasRepeatedElements(const TensorLayout& layout) {
  bool repeated = false;
  for (int d = 0; d < layout.ndim; ++d) {
    if (layout.shape[d] == 0) return false;
    repeated |= layout.shape[d] > 1 && layout.strides[d] == 0;
  }
  return repeated;
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
