// Non-owning views of tensors in memory.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "cc/kernels/dtype.h"

namespace paddlemend {

constexpr int kMaxNdim = 16;

using Dims = std::array<int64_t, kMaxNdim>;

/// A caller's list of integers, for example a target shape.
struct IntSpan {
  const int64_t* data;
  int64_t size;

  int64_t operator[](int64_t position) const { return data[position]; }
};

/// A computed output shape.
struct Shape {
  int ndim = 0;
  Dims dims;
};

/// Everything about a view but the memory. Only the first `ndim` entries of the arrays are set.
/// Invariants: 0 <= ndim <= kMaxNdim, no negative size, and neither the number of bytes nor the
/// distance between the first and the last element overflows int64_t.
struct TensorLayout {
  DType dtype;
  int ndim;
  Dims shape;
  Dims strides;  // in elements; any sign, 0 for broadcast dimensions
};

/// `data` may be null only if the tensor has no element.
struct TensorView : TensorLayout {
  const void* data;
};

/// A caller's list of tensors.
struct TensorList {
  const TensorView* data;
  int64_t size;

  const TensorView& operator[](int64_t position) const { return data[position]; }
};

struct MutableTensorView : TensorLayout {
  void* data;

  TensorView AsConst() const { return TensorView{*this, data}; }
};

/// Multiplies the sizes. Returns false if the product, or the product of the non-zero sizes times
/// `element_size` bytes, overflows int64_t: strides are such products even in an empty tensor.
bool CheckedNumel(const int64_t* sizes, int ndim, int64_t element_size, int64_t* numel);

/// Number of elements; the layout's invariants exclude overflow.
int64_t Numel(const TensorLayout& layout);

/// Whether the elements lie in row-major order without gaps. True for every empty tensor.
bool IsContiguous(const TensorLayout& layout);

bool SameShape(const TensorLayout& a, const TensorLayout& b);

/// Whether an output of the shape of `input` is the same memory with the same strides.
bool IsSameView(const TensorView& input, const MutableTensorView& output);

/// Whether two elements certainly share memory: a stride of 0 along a size above 1. An output must
/// not be of this kind.
bool HasRepeatedElements(const TensorLayout& layout);

/// Whether two elements may share memory: false only if the strides show that none do.
bool MayRepeatElements(const TensorLayout& layout);

/// Sets row-major strides without gaps for the shape already there.
void SetContiguousStrides(TensorLayout* layout);

/// For messages: "[2, 3]".
std::string ShapeString(const int64_t* sizes, int64_t ndim);
std::string ShapeString(const TensorLayout& layout);

}  // namespace paddlemend
