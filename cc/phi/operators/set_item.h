// `x[indices] = value`, which since 3.1 has kernels of its own in the wheel.
//
// They see x as an iteration space: `dims` and `strides`, in elements, in which the dimensions that
// are indexed are replaced by those of the indices, of stride 0. `index_sizes` and `index_strides`,
// in bytes, are those of the dimensions that are indexed, and `offset`, in bytes, is where x
// starts. Where the indices come in the shape that they were written in, `index_sizes` goes on with
// -1 and the shape in the iteration space for each of them.
#pragma once

#include <algorithm>
#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "paddle/phi/common/scalar.h"

namespace paddlemend::phi_adapter::set_item {

using Indices = std::vector<const phi::DenseTensor*>;
using Sizes = std::vector<int64_t>;

template <typename Index>
void CheckIndex(const phi::DenseTensor& index, size_t which, int64_t size) {
  const Index* const data = index.data<Index>();
  const int64_t count = index.numel();
  for (int64_t i = 0; i < count; ++i) {
    if (data[i] < -size || data[i] >= size) {
      PADDLE_THROW(common::errors::InvalidArgument(
          "index_put: indices[%d], element %d, is %d, expected %d <= indices[%d] < %d", which, i,
          data[i], -size, which, size));
    }
  }
}

inline void CheckIndices(const Indices& indices, const Sizes& index_sizes) {
  for (size_t i = 0; i < indices.size() && i < index_sizes.size(); ++i) {
    const phi::DenseTensor& index = *indices[i];
    if (index.numel() == 0) continue;
    if (index.dtype() == phi::DataType::INT64) CheckIndex<int64_t>(index, i, index_sizes[i]);
    if (index.dtype() == phi::DataType::INT32) CheckIndex<int32_t>(index, i, index_sizes[i]);
  }
}

/// The wheel's kernels write wherever an index points to.
template <typename Value>
void CheckElementwisePut(const DeviceContext&, const phi::DenseTensor&, const Indices& indices,
                         const Value&, const Sizes&, const Sizes&, const Sizes& index_sizes,
                         const Sizes&, int64_t, phi::DenseTensor*) {
  CheckIndices(indices, index_sizes);
}

inline int64_t IndexAt(const phi::DenseTensor& index, int64_t element) {
  return index.dtype() == phi::DataType::INT32 ? index.data<int32_t>()[element]
                                               : index.data<int64_t>()[element];
}

/// The shape in the iteration space of each index.
inline std::vector<Sizes> IndexShapes(const Indices& indices, const Sizes& index_sizes) {
  std::vector<Sizes> shapes;
  for (size_t i = indices.size(); i < index_sizes.size(); ++i) {
    if (index_sizes[i] == -1) {
      shapes.emplace_back();
    } else if (!shapes.empty()) {
      shapes.back().push_back(index_sizes[i]);
    }
  }
  if (shapes.size() == indices.size()) return shapes;
  shapes.clear();
  for (const phi::DenseTensor* index : indices) {
    shapes.push_back(common::vectorize<int64_t>(index->dims()));
  }
  return shapes;
}

/// The strides, in elements, with which a tensor of `shape` is read while `ndim` dimensions are
/// walked: 0 along those that it is broadcast over.
inline Sizes BroadcastStrides(const Sizes& shape, int ndim) {
  Sizes strides(ndim, 0);
  int64_t stride = 1;
  for (int d = static_cast<int>(shape.size()) - 1, to = ndim - 1; d >= 0 && to >= 0; --d, --to) {
    if (shape[d] != 1) strides[to] = stride;
    stride *= shape[d];
  }
  return strides;
}

/// Fills the places of the dimensions from `first` on, of which the first place is set.
inline void FillBlock(const Sizes& dims, const Sizes& strides, int first, int64_t* places) {
  int64_t filled = 1;
  for (int d = static_cast<int>(dims.size()) - 1; d >= first; --d) {
    for (int64_t i = 1; i < dims[d]; ++i) {
      for (int64_t k = 0; k < filled; ++k) places[i * filled + k] = places[k] + i * strides[d];
    }
    filled *= dims[d];
  }
}

/// Where in the memory of x each place of the iteration space lies, in elements of `element_size`
/// bytes.
inline Sizes FindPositions(const Indices& indices, const Sizes& dims, const Sizes& strides,
                           const Sizes& index_sizes, const Sizes& index_strides, int64_t offset,
                           int64_t element_size) {
  const int ndim = static_cast<int>(dims.size());
  std::vector<Sizes> walks;
  for (const Sizes& shape : IndexShapes(indices, index_sizes)) {
    walks.push_back(BroadcastStrides(shape, ndim));
  }
  Sizes positions(static_cast<size_t>(common::product(common::make_ddim(dims))),
                  offset / element_size);
  // The last dimensions that no index walks along are filled by adding to the first of their
  // places.
  int indexed = ndim;
  const auto is_walked = [&](const Sizes& walk) { return walk[indexed - 1] != 0; };
  while (indexed > 0 && std::none_of(walks.begin(), walks.end(), is_walked)) --indexed;
  const int64_t block =
      common::product(common::make_ddim(Sizes(dims.begin() + indexed, dims.end())));
  Sizes place(indexed, 0);
  for (size_t at = 0; at < positions.size(); at += block) {
    int64_t* const places = &positions[at];
    for (int d = 0; d < indexed; ++d) places[0] += place[d] * strides[d];
    for (size_t i = 0; i < indices.size(); ++i) {
      int64_t element = 0;
      for (int d = 0; d < indexed; ++d) element += place[d] * walks[i][d];
      const int64_t index = IndexAt(*indices[i], element);
      const int64_t wrapped = index < 0 ? index + index_sizes[i] : index;
      places[0] += wrapped * (index_strides[i] / element_size);
    }
    FillBlock(dims, strides, indexed, places);
    for (int d = indexed - 1; d >= 0 && ++place[d] == dims[d]; --d) place[d] = 0;
  }
  return positions;
}

/// `tensor`, which is contiguous, in one dimension of `*size` elements.
inline DLTensor Flattened(const DLTensor& tensor, int64_t* size) {
  DLTensor flat = tensor;
  flat.ndim = 1;
  flat.shape = size;
  flat.strides = nullptr;
  return flat;
}

/// The wheel's gradient of value is right for float32 alone: this one is index_put's in the flat
/// memory of x.
inline void RunElementwisePutGrad(const DeviceContext& context, const phi::DenseTensor&,
                                  const Indices& indices, const phi::DenseTensor& value,
                                  const phi::DenseTensor& out_grad, const Sizes& dims,
                                  const Sizes& strides, const Sizes& index_sizes,
                                  const Sizes& index_strides, int64_t offset,
                                  phi::DenseTensor* x_grad, phi::DenseTensor* value_grad) {
  if (!out_grad.meta().is_contiguous()) {
    PADDLE_THROW(common::errors::Unimplemented(
        "index_elementwise_put_with_tensor_grad: out_grad has the strides [%s]; expected a "
        "row-major tensor.",
        out_grad.strides()));
  }
  CheckIndices(indices, index_sizes);
  if (x_grad != nullptr) x_grad->Resize(out_grad.dims());
  if (value_grad != nullptr) value_grad->Resize(value.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, value_grad, out_grad.dtype());
  Sizes positions = FindPositions(indices, dims, strides, index_sizes, index_strides, offset,
                                  static_cast<int64_t>(phi::SizeOf(out_grad.dtype())));
  DLTensor index{};
  index.data = positions.empty() ? nullptr : positions.data();
  index.device = {kDLCPU, 0};
  index.ndim = static_cast<int32_t>(dims.size());
  index.dtype = ToDlpack(phi::DataType::INT64);
  index.shape = const_cast<int64_t*>(dims.data());
  const DLTensor* const index_list[] = {&index};
  int64_t size = out_grad.numel();
  const DLTensor flat_out_grad = Flattened(*DenseTensorView(out_grad).get(), &size);
  DLTensor flat_x_grad{};
  if (x_grad != nullptr) flat_x_grad = Flattened(*DenseTensorView(*x_grad).get(), &size);
  Check(pm_index_put_grad(&flat_out_grad, index_list, 1, /*accumulate=*/false,
                          x_grad != nullptr ? &flat_x_grad : nullptr,
                          OptionalView(value_grad).get(), nullptr));
}

}  // namespace paddlemend::phi_adapter::set_item
